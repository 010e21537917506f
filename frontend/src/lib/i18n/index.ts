/** Languages of the site. The language is in the address, so that a page is the same for everybody. */
import { en } from './en.ts';
import { es, type Messages } from './es.ts';

export type Language = 'es' | 'en';
export type { Messages };

export const LANGUAGES: readonly Language[] = ['es', 'en'];
export const DEFAULT_LANGUAGE: Language = 'es';

const MESSAGES: Readonly<Record<Language, Messages>> = { es, en };

export function isLanguage(value: unknown): value is Language {
  return value === 'es' || value === 'en';
}

export function messagesOf(language: Language): Messages {
  return MESSAGES[language];
}

/** The language that an address names, or `undefined` for one outside the site's tree. */
export function languageOfPath(pathname: string): Language | undefined {
  const [, first] = pathname.split('/', 2);
  return isLanguage(first) ? first : undefined;
}

/** The language a browser prefers among ours (RFC 9110, Accept-Language). */
export function preferredLanguage(acceptLanguage: string | null): Language {
  const wishes = (acceptLanguage ?? '').split(',').map((part) => {
    const [tag = '', ...parameters] = part.trim().toLowerCase().split(';');
    const quality = parameters.map((text) => text.trim()).find((text) => text.startsWith('q='));
    return { language: tag.split('-')[0], quality: quality ? Number(quality.slice(2)) || 0 : 1 };
  });
  const best = wishes
    .filter(({ language, quality }) => isLanguage(language) && quality > 0)
    .sort((one, other) => other.quality - one.quality)[0];
  return isLanguage(best?.language) ? best.language : DEFAULT_LANGUAGE;
}

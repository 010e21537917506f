/** Money, dates and counts as a language writes them. Times are the venue's, wherever the reader is. */
import type { Language } from './index.ts';

const LOCALES: Readonly<Record<Language, string>> = { es: 'es-ES', en: 'en-GB' };
const MINUTE_MS = 60_000;

/** Formatters are slow to make and quick to use; there are few distinct ones. */
const formatters = new Map<string, Intl.DateTimeFormat | Intl.NumberFormat>();

function formatter<Kind extends Intl.DateTimeFormat | Intl.NumberFormat>(
  key: string,
  make: () => Kind,
): Kind {
  const kept = formatters.get(key);
  if (kept) return kept as Kind;
  const made = make();
  formatters.set(key, made);
  return made;
}

/** An amount in hundredths, without empty decimals: `formatMoney(4550, 'EUR', 'es')` is "45,50 €". */
export function formatMoney(cents: number, currency: string, language: Language): string {
  const fractionDigits = cents % 100 === 0 ? 0 : 2;
  return formatter(`money ${language} ${currency} ${fractionDigits}`, () => {
    const options = { style: 'currency', currency, minimumFractionDigits: fractionDigits } as const;
    return new Intl.NumberFormat(LOCALES[language], { ...options, maximumFractionDigits: fractionDigits });
  }).format(cents / 100);
}

export function formatCount(count: number, language: Language): string {
  const grouped = { useGrouping: 'always' } as const;
  return formatter(`count ${language}`, () => new Intl.NumberFormat(LOCALES[language], grouped)).format(
    count,
  );
}

/** "sábado, 5 de diciembre de 2026" */
export function formatDay(iso: string, timeZone: string, language: Language): string {
  return formatDate(iso, timeZone, language, 'day', {
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    year: 'numeric',
  });
}

/** "sáb, 5 dic" */
export function formatShortDay(iso: string, timeZone: string, language: Language): string {
  return formatDate(iso, timeZone, language, 'short', { weekday: 'short', day: 'numeric', month: 'short' });
}

/** "20:30" */
export function formatTime(iso: string, timeZone: string, language: Language): string {
  return formatDate(iso, timeZone, language, 'time', { hour: '2-digit', minute: '2-digit', hour12: false });
}

export interface CalendarLeaf {
  readonly day: string;
  readonly month: string;
  readonly weekday: string;
}

/** The parts of a date, for a date block. */
export function calendarLeaf(iso: string, timeZone: string, language: Language): CalendarLeaf {
  const part = (name: string, options: Intl.DateTimeFormatOptions): string =>
    formatDate(iso, timeZone, language, name, options).replace('.', '');
  return {
    day: part('leaf-day', { day: 'numeric' }),
    month: part('leaf-month', { month: 'short' }),
    weekday: part('leaf-weekday', { weekday: 'short' }),
  };
}

function formatDate(
  iso: string,
  timeZone: string,
  language: Language,
  name: string,
  options: Intl.DateTimeFormatOptions,
): string {
  const key = `${name} ${language} ${timeZone}`;
  return formatter(key, () => new Intl.DateTimeFormat(LOCALES[language], { ...options, timeZone })).format(
    new Date(iso),
  );
}

/** Minutes and seconds for a countdown: `formatRemaining(61_000)` is "01:01". */
export function formatRemaining(remainingMs: number): string {
  const seconds = Math.max(0, Math.ceil(remainingMs / 1000));
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${two(Math.floor((seconds * 1000) / MINUTE_MS))}:${two(seconds % 60)}`;
}

/** What a route's parameters may be; anything else is a 404. */
import { defineParams } from '@sveltejs/kit/params';
import { isLanguage, type Language } from '#lib/i18n/index.ts';

export const params = defineParams({
  lang: (value: string): Language | undefined => (isLanguage(value) ? value : undefined),
});

import { redirect } from '@sveltejs/kit';
import { preferredLanguage } from '#lib/i18n/index.ts';
import type { RequestHandler } from './$types';

/** The bare address has no language yet: the browser's preference decides once, then the address says it. */
export const GET: RequestHandler = ({ request, setHeaders }) => {
  setHeaders({ vary: 'accept-language' });
  redirect(302, `/${preferredLanguage(request.headers.get('accept-language'))}`);
};

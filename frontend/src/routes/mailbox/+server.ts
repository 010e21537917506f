import { redirect } from '@sveltejs/kit';
import { preferredLanguage } from '#lib/i18n/index.ts';
import type { RequestHandler } from './$types';

export const GET: RequestHandler = ({ request, setHeaders }) => {
  setHeaders({ vary: 'accept-language' });
  redirect(302, `/${preferredLanguage(request.headers.get('accept-language'))}/mailbox`);
};

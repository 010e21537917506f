import { error } from '@sveltejs/kit';
import { letter } from '#lib/server/mailbox.ts';
import type { PageServerLoad } from './$types';

export const load: PageServerLoad = async ({ params }) => {
  const found = await letter(params.id);
  if (!found) error(404, 'not_found');
  const { html, ...shown } = found;
  return { letter: shown, hasHtml: html !== undefined };
};

import { sentMail } from '#lib/server/mailbox.ts';
import type { PageServerLoad } from './$types';

export const load: PageServerLoad = async ({ url }) => {
  const recipient = url.searchParams.get('to') ?? '';
  return { recipient, letters: await sentMail(recipient) };
};

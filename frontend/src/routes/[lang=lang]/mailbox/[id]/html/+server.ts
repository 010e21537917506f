import { error } from '@sveltejs/kit';
import { letter } from '#lib/server/mailbox.ts';
import type { RequestHandler } from './$types';

/**
 * A message's HTML as a document of its own, which the mailbox frames. It is somebody else's page: no
 * script, no request, no origin; only its own inline styles and pictures.
 */
const POLICY = [
  "default-src 'none'",
  'img-src data:',
  "style-src 'unsafe-inline'",
  "frame-ancestors 'self'",
  'sandbox allow-popups',
].join('; ');

export const GET: RequestHandler = async ({ params }) => {
  const found = await letter(params.id);
  if (!found?.html) error(404, 'not_found');
  return new Response(found.html, {
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': POLICY,
      'x-frame-options': 'SAMEORIGIN',
    },
  });
};

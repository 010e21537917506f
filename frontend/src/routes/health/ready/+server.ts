import { isDraining } from '#lib/server/lifecycle.ts';

/**
 * Ready means that this process can answer. The gateway being away does not make it unready: then its
 * pages say so, which is better than the balancer having no one to ask.
 */
export const GET = (): Response =>
  isDraining() ? new Response('draining\n', { status: 503 }) : new Response('ready\n');

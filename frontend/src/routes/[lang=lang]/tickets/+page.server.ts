import { asSubject } from '#lib/server/session.ts';
import { ticketsByEvent } from '#lib/server/tickets.ts';
import type { PageServerLoad } from './$types';

export const load: PageServerLoad = (event) =>
  asSubject(event, (api) => ticketsByEvent(api, event.locals.api, event.url.searchParams.get('cursor')));

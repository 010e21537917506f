/** Holding places. */
import type { RequestEvent } from '@sveltejs/kit';
import type { Hold } from '#lib/documents.ts';
import { answer } from './api.ts';
import { asSubject } from './session.ts';
import { queryOf, type Wish } from './wish.ts';

/** Hold places for the visitor; one who must sign in first comes back to the same choice. */
export function hold(event: RequestEvent, eventId: string, wish: Wish, replace: boolean): Promise<Hold> {
  const body = { ...wish, replace };
  const returnTo = `${event.url.pathname}?${queryOf(wish)}#seats`;
  return asSubject(
    event,
    (api) =>
      answer(api.POST('/api/events/{event_id}/holds', { params: { path: { event_id: eventId } }, body })),
    returnTo,
  );
}

/** The programme, as the pages need it. */
import { assets } from '$app/manifest';
import type { EventDocument, EventSummary } from '#lib/documents.ts';
import { answer, type Api } from './api.ts';

const PAGE_SIZE = 100;
const PAGES_MAX = 5;

/** Every published event, soonest first: at most PAGES_MAX pages of the list. */
export async function programme(api: Api): Promise<EventSummary[]> {
  const events: EventSummary[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const query = cursor === undefined ? { limit: PAGE_SIZE } : { limit: PAGE_SIZE, cursor };
    const { items, next_cursor: next } = await answer(api.GET('/api/events', { params: { query } }));
    events.push(...items);
    if (!next) break;
    cursor = next;
  }
  return events;
}

const drawn = new Set<string>(assets.map(({ path }) => `/${path.replace(/^\//, '')}`));

/** The address of an event's poster, or `undefined` if nobody has drawn it: the page then draws a curtain. */
export function posterOf({ poster }: Pick<EventSummary, 'poster'>): string | undefined {
  return drawn.has(poster) ? poster : undefined;
}

/** An event's document, by its id. */
export function eventDocument(api: Api, eventId: string): Promise<EventDocument> {
  return answer(api.GET('/api/events/{event_id}', { params: { path: { event_id: eventId } } }));
}

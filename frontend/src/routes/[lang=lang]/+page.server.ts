import type { EventSummary } from '#lib/documents.ts';
import { posterOf, programme } from '#lib/server/events.ts';
import { PUBLIC_PAGE } from '#lib/server/response-headers.ts';
import type { PageServerLoad } from './$types';

export const load: PageServerLoad = async ({ locals, url, setHeaders }) => {
  const events = await programme(locals.api);
  const category = url.searchParams.get('category');
  const venue = url.searchParams.get('venue');
  setHeaders(PUBLIC_PAGE);
  return {
    events: events
      .filter((event) => !category || event.category === category)
      .filter((event) => !venue || event.venue.id === venue)
      .map(card),
    categories: distinct(events.map((event) => event.category)),
    venues: venuesOf(events),
    category,
    venue,
  };
};

/** Only what a card shows: the rest of the document would travel twice, in the HTML and for hydration. */
function card(event: EventSummary) {
  const { id, category, title, starts_at, currency, price_from_cents, venue } = event;
  return {
    id,
    category,
    title,
    starts_at,
    currency,
    price_from_cents,
    poster: posterOf(event),
    venue: { name: venue.name, city: venue.city, time_zone: venue.time_zone },
  };
}

function venuesOf(events: EventSummary[]): { id: string; name: string }[] {
  const names = new Map(events.map(({ venue }) => [venue.id, venue.name]));
  return [...names].map(([id, name]) => ({ id, name }));
}

function distinct(values: string[]): string[] {
  return [...new Set(values)];
}

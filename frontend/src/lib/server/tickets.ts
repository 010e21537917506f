/** Tickets as the pages show them: with their code drawn and the event they are for. */
import type { EventDocument, Ticket } from '#lib/documents.ts';
import { answer, type Api } from './api.ts';
import { eventDocument } from './events.ts';
import { qrCode } from './qr.ts';

export function shownTicket({ id, section, row, number, status, qr }: Ticket) {
  return { id, section, row, number, status, qr: qrCode(qr) };
}

export function shownEvent({ id, title, starts_at, venue, sections }: EventDocument) {
  const { name, city, time_zone } = venue;
  return {
    id,
    title,
    starts_at,
    venue: { name, city, time_zone },
    sections: sections.map((section) => ({ id: section.id, name: section.name })),
  };
}

/** One page of the visitor's tickets, grouped by event, and where the next page starts. */
export async function ticketsByEvent(subject: Api, anyone: Api, cursor: string | null) {
  const query = cursor ? { cursor } : {};
  const { items, next_cursor: next } = await answer(subject.GET('/api/tickets', { params: { query } }));
  const groups = [...Map.groupBy(items, (ticket) => ticket.event_id)];
  const shown = groups.map(async ([eventId, tickets]) => ({
    event: shownEvent(await eventDocument(anyone, eventId)),
    tickets: tickets.map(shownTicket),
  }));
  return { groups: await Promise.all(shown), next };
}

/** The tickets of one order. */
export async function ticketsOfOrder(subject: Api, orderId: string) {
  const params = { query: { order_id: orderId } };
  const { items } = await answer(subject.GET('/api/tickets', { params }));
  return items.map(shownTicket);
}

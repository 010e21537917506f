import { answer } from '#lib/server/api.ts';
import { eventDocument } from '#lib/server/events.ts';
import { asSubject } from '#lib/server/session.ts';
import { shownEvent, ticketsOfOrder } from '#lib/server/tickets.ts';
import { queryOf } from '#lib/server/wish.ts';
import type { PageServerLoad } from './$types';

export const load: PageServerLoad = async (event) => {
  event.depends('order:status');
  const { order, tickets } = await asSubject(event, async (api) => {
    const path = { order_id: event.params.id };
    const order = await answer(api.GET('/api/orders/{order_id}', { params: { path } }));
    const tickets = order.status === 'confirmed' ? await ticketsOfOrder(api, order.id) : [];
    return { order, tickets };
  });
  const document = await eventDocument(event.locals.api, order.event_id);
  const numbered = order.seats.filter(({ row }) => row).map(({ id }) => id);
  const [first] = order.seats;
  const again =
    numbered.length > 0
      ? queryOf({ seats: numbered })
      : queryOf({ section: first?.section ?? '', quantity: order.seats.length });
  return {
    order,
    tickets,
    event: shownEvent(document),
    /** Where to choose the same places again. */
    retry: `/${event.params.lang}/events/${document.id}?${again}#seats`,
  };
};

import { fail, redirect } from '@sveltejs/kit';
import { isCard } from '#lib/payment.ts';
import { answer, type Api } from '#lib/server/api.ts';
import { attemptOf, newAttempt } from '#lib/server/attempt.ts';
import { eventDocument } from '#lib/server/events.ts';
import { failed, field } from '#lib/server/forms.ts';
import { ApiProblem } from '#lib/server/problem.ts';
import { asSubject } from '#lib/server/session.ts';
import { shownEvent } from '#lib/server/tickets.ts';
import type { Actions, PageServerLoad } from './$types';

export const load: PageServerLoad = async (event) => {
  const hold = await asSubject(event, (api) => holdOf(api, event.params.id));
  const serverNowMs = Date.now();
  if (!hold) return { serverNowMs, attempt: '' };
  return {
    hold: Date.parse(hold.expires_at) > serverNowMs ? hold : undefined,
    event: shownEvent(await eventDocument(event.locals.api, hold.event_id)),
    serverNowMs,
    attempt: newAttempt(),
  };
};

/** The visitor's hold; `undefined` once it has expired, become an order, or was never theirs. */
async function holdOf(api: Api, holdId: string) {
  const call = api.GET('/api/holds/{hold_id}', { params: { path: { hold_id: holdId } } });
  try {
    return await answer(call);
  } catch (problem) {
    if (problem instanceof ApiProblem && problem.status === 404) return undefined;
    throw problem;
  }
}

export const actions: Actions = {
  pay: async (event) => {
    const form = await event.request.formData();
    const card = field(form, 'card');
    const attempt = attemptOf(field(form, 'attempt'));
    if (!isCard(card)) return fail(400, { code: 'invalid_request', attempt });
    const body = { hold_id: event.params.id, card_token: card, locale: event.params.lang };
    const params = { header: { 'Idempotency-Key': attempt } };
    let orderId: string;
    try {
      const pay = (api: Api) => answer(api.POST('/api/orders', { params, body }));
      ({ id: orderId } = await asSubject(event, pay, event.url.pathname));
    } catch (problem) {
      return failed(problem, { attempt });
    }
    redirect(303, `/${event.params.lang}/orders/${orderId}`);
  },

  release: async (event) => {
    const path = { hold_id: event.params.id };
    const eventId = field(await event.request.formData(), 'event');
    try {
      await asSubject(
        event,
        (api) => answer(api.DELETE('/api/holds/{hold_id}', { params: { path } })),
        event.url.pathname,
      );
    } catch (problem) {
      if (!(problem instanceof ApiProblem) || problem.status !== 404) return failed(problem, { attempt: '' });
    }
    redirect(303, `/${event.params.lang}/events/${encodeURIComponent(eventId)}`);
  },
};

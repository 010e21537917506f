import { fail, redirect } from '@sveltejs/kit';
import { eventDocument, posterOf } from '#lib/server/events.ts';
import { failed, field } from '#lib/server/forms.ts';
import { hold } from '#lib/server/holds.ts';
import { ApiProblem } from '#lib/server/problem.ts';
import { PUBLIC_SEATS } from '#lib/server/response-headers.ts';
import { SectionTotals, seatsOf } from '#lib/server/seats.ts';
import { wantedOf, wishOf } from '#lib/server/wish.ts';
import type { Actions, PageServerLoad } from './$types';

const sectionTotals = new SectionTotals();

export const load: PageServerLoad = async ({ locals: { api }, params, url, setHeaders }) => {
  const event = await eventDocument(api, params.id);
  const listed = event.sections.find(({ id }) => id === url.searchParams.get('section'))?.id;
  const [sections, seats] = await Promise.all([
    sectionTotals.of(api, event.id),
    listed === undefined ? [] : seatsOf(api, event.id, listed),
  ]);
  setHeaders(PUBLIC_SEATS);
  return { event, poster: posterOf(event), sections, listed, seats, wanted: wantedOf(url.searchParams) };
};

export const actions: Actions = {
  hold: async (event) => {
    const form = await event.request.formData();
    const wish = wishOf(form);
    if (!wish) return fail(400, { code: 'nothing_chosen' });
    let holdId: string;
    try {
      ({ id: holdId } = await hold(event, event.params.id, wish, field(form, 'replace') === 'true'));
    } catch (problem) {
      const existing = problem instanceof ApiProblem ? problem.members.hold_id : undefined;
      return failed(problem, { ...wish, holdId: typeof existing === 'string' ? existing : undefined });
    }
    redirect(303, `/${event.params.lang}/holds/${holdId}`);
  },
};

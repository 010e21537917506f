import { isLanguage } from '#lib/i18n/index.ts';
import { answer } from '#lib/server/api.ts';
import { failed, field } from '#lib/server/forms.ts';
import { asSubject } from '#lib/server/session.ts';
import type { Actions, PageServerLoad } from './$types';

export const load: PageServerLoad = (event) =>
  asSubject(event, async (api) => {
    const [profile, orders] = await Promise.all([
      answer(api.GET('/api/accounts/me')),
      answer(api.GET('/api/orders')),
    ]);
    return { profile, orders: orders.items };
  });

export const actions: Actions = {
  save: async (event) => {
    const form = await event.request.formData();
    const locale = field(form, 'locale');
    const body = { name: field(form, 'name'), locale: isLanguage(locale) ? locale : event.params.lang };
    try {
      await asSubject(event, (api) => answer(api.PATCH('/api/accounts/me', { body })), event.url.pathname);
    } catch (problem) {
      return failed(problem, { name: body.name });
    }
    return { name: body.name, saved: true };
  },
};

import { redirect } from '@sveltejs/kit';
import { answer } from '#lib/server/api.ts';
import { failed, field } from '#lib/server/forms.ts';
import { rememberEmail } from '#lib/server/pending-email.ts';
import type { Actions } from './$types';

export const actions: Actions = {
  default: async ({ request, url, params, locals, cookies }) => {
    const form = await request.formData();
    const kept = { name: field(form, 'name'), email: field(form, 'email') };
    const body = { ...kept, password: field(form, 'password'), locale: params.lang };
    try {
      await answer(locals.api.POST('/api/accounts/signup', { body }));
    } catch (problem) {
      return failed(problem, kept);
    }
    rememberEmail(cookies, kept.email);
    redirect(303, `/${params.lang}/confirm${url.search}`);
  },
};

import { redirect } from '@sveltejs/kit';
import { answer } from '#lib/server/api.ts';
import { failed, field } from '#lib/server/forms.ts';
import { rememberEmail } from '#lib/server/pending-email.ts';
import type { Actions } from './$types';

export const actions: Actions = {
  default: async ({ request, params, locals, cookies }) => {
    const email = field(await request.formData(), 'email');
    try {
      await answer(locals.api.POST('/api/accounts/forgot-password', { body: { email } }));
    } catch (problem) {
      return failed(problem, { email });
    }
    rememberEmail(cookies, email);
    redirect(303, `/${params.lang}/reset-password`);
  },
};

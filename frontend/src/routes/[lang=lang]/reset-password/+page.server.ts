import { redirect } from '@sveltejs/kit';
import { answer } from '#lib/server/api.ts';
import { failed, field } from '#lib/server/forms.ts';
import { pendingEmail } from '#lib/server/pending-email.ts';
import type { Actions, PageServerLoad } from './$types';

export const load: PageServerLoad = ({ cookies }) => ({ email: pendingEmail(cookies) });

export const actions: Actions = {
  default: async ({ request, params, locals }) => {
    const form = await request.formData();
    const email = field(form, 'email');
    const body = { email, code: field(form, 'code').trim(), password: field(form, 'password') };
    try {
      await answer(locals.api.POST('/api/accounts/reset-password', { body }));
    } catch (problem) {
      return failed(problem, { email });
    }
    redirect(303, `/${params.lang}/sign-in?news=reset`);
  },
};

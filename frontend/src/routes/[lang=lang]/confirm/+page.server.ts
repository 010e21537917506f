import { redirect } from '@sveltejs/kit';
import { MAILBOX_URL } from '$app/env/private';
import { answer } from '#lib/server/api.ts';
import { failed, field } from '#lib/server/forms.ts';
import { pendingEmail, rememberEmail } from '#lib/server/pending-email.ts';
import type { Actions, PageServerLoad } from './$types';

export const load: PageServerLoad = ({ cookies }) => ({
  email: pendingEmail(cookies),
  hasMailbox: MAILBOX_URL !== undefined,
});

export const actions: Actions = {
  confirm: async ({ request, url, params, locals, cookies }) => {
    const form = await request.formData();
    const email = field(form, 'email');
    const body = { email, code: field(form, 'code').trim() };
    try {
      await answer(locals.api.POST('/api/accounts/confirm', { body }));
    } catch (problem) {
      return failed(problem, { email });
    }
    rememberEmail(cookies, email);
    const query = new URLSearchParams(url.searchParams);
    query.delete('/confirm');
    query.set('news', 'confirmed');
    redirect(303, `/${params.lang}/sign-in?${query}`);
  },
  resend: async ({ request, locals }) => {
    const email = field(await request.formData(), 'email');
    try {
      await answer(locals.api.POST('/api/accounts/resend-confirmation', { body: { email } }));
    } catch (problem) {
      return failed(problem, { email });
    }
    return { email, resent: true };
  },
};

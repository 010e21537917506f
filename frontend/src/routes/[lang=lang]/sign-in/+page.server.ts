import { redirect } from '@sveltejs/kit';
import { answer } from '#lib/server/api.ts';
import { failed, field } from '#lib/server/forms.ts';
import { forgetEmail, pendingEmail, rememberEmail } from '#lib/server/pending-email.ts';
import { ApiProblem } from '#lib/server/problem.ts';
import { safeReturn } from '#lib/server/return-url.ts';
import { startSession } from '#lib/server/session.ts';
import type { Actions, PageServerLoad } from './$types';

const NEWS = ['confirmed', 'reset', 'signedOut'] as const;

export const load: PageServerLoad = ({ url, cookies }) => ({
  email: pendingEmail(cookies),
  news: NEWS.find((news) => news === url.searchParams.get('news')),
  isReturning: url.searchParams.has('to'),
});

export const actions: Actions = {
  default: async ({ request, url, params, locals, cookies }) => {
    const form = await request.formData();
    const email = field(form, 'email');
    const body = { email, password: field(form, 'password') };
    try {
      const tokens = await answer(locals.api.POST('/api/accounts/login', { body }));
      startSession(cookies, { accessToken: tokens.access_token, refreshToken: tokens.refresh_token });
    } catch (problem) {
      if (!(problem instanceof ApiProblem) || problem.code !== 'email_not_confirmed') {
        return failed(problem, { email });
      }
      rememberEmail(cookies, email);
      redirect(303, `/${params.lang}/confirm${url.search}`);
    }
    forgetEmail(cookies);
    redirect(303, safeReturn(url.searchParams.get('to'), `/${params.lang}`));
  },
};

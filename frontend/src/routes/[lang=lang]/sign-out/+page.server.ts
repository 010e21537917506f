import { redirect } from '@sveltejs/kit';
import { answer } from '#lib/server/api.ts';
import { logError } from '#lib/server/log.ts';
import { endSession, refreshTokenOf, subjectApi } from '#lib/server/session.ts';
import type { Actions, PageServerLoad } from './$types';

/** Signing out is a form, never a link: nothing that follows links may do it. */
export const load: PageServerLoad = ({ params }) => redirect(303, `/${params.lang}/account`);

export const actions: Actions = {
  default: async (event) => {
    const refreshToken = refreshTokenOf(event.cookies);
    try {
      const api = await subjectApi(event);
      const body = { refresh_token: refreshToken ?? '' };
      if (api) await answer(api.POST('/api/accounts/logout', { body }));
    } catch (problem) {
      // The visitor leaves this browser's session in any case; the tokens die at their expiry.
      logError(problem, event);
    }
    endSession(event.cookies);
    redirect(303, `/${event.params.lang}/sign-in?news=signedOut`);
  },
};

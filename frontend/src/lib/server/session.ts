/**
 * Who the visitor is. The tokens live in http-only cookies and never reach a script.
 *
 * Only pages that need a subject look here, so a public page can neither depend on a cookie nor set one.
 */
import { error, redirect, type Cookies, type RequestEvent } from '@sveltejs/kit';
import { DEFAULT_LANGUAGE, languageOfPath } from '#lib/i18n/index.ts';
import { answer, apiClient, forwardedHeaders, type Api } from './api.ts';
import { ApiProblem } from './problem.ts';
import { Refresher, expiresAtMs, type Tokens } from './tokens.ts';

/** `__Host-`: only over a secure channel, only for this host, on every path. */
const ACCESS_COOKIE = '__Host-access';
const REFRESH_COOKIE = '__Host-refresh';
const KEPT_FOR_S = 30 * 24 * 3600;
const COOKIE = { path: '/', httpOnly: true, secure: true, sameSite: 'lax' } as const;

const refresher = new Refresher();

export function hasSession(cookies: Cookies): boolean {
  return Boolean(cookies.get(REFRESH_COOKIE));
}

export function startSession(cookies: Cookies, tokens: Tokens): void {
  cookies.set(ACCESS_COOKIE, tokens.accessToken, { ...COOKIE, maxAge: KEPT_FOR_S });
  cookies.set(REFRESH_COOKIE, tokens.refreshToken, { ...COOKIE, maxAge: KEPT_FOR_S });
}

export function endSession(cookies: Cookies): void {
  cookies.delete(ACCESS_COOKIE, COOKIE);
  cookies.delete(REFRESH_COOKIE, COOKIE);
}

/** The refresh token, which signing out revokes. */
export function refreshTokenOf(cookies: Cookies): string | undefined {
  return cookies.get(REFRESH_COOKIE);
}

/** A client that speaks for the visitor, or `undefined` without a session. Refreshes an expiring token. */
export async function subjectApi(event: RequestEvent): Promise<Api | undefined> {
  const refreshToken = event.cookies.get(REFRESH_COOKIE);
  if (!refreshToken) return undefined;
  const accessToken = event.cookies.get(ACCESS_COOKIE) ?? '';
  const tokens = await currentTokens(event, { accessToken, refreshToken });
  if (!tokens) return undefined;
  return apiClient(forwardedHeaders(event.request.headers, event.locals.correlationId), tokens.accessToken);
}

/**
 * Do `work` as the visitor; without a session, or when the API no longer accepts it, ask them to sign in and
 * come back to `returnTo` (by default, where they are).
 */
export async function asSubject<Result>(
  event: RequestEvent,
  work: (api: Api) => Promise<Result>,
  returnTo = event.url.pathname + event.url.search,
): Promise<Result> {
  const api = await subjectApi(event);
  if (!api) return toSignIn(event, returnTo);
  try {
    return await work(api);
  } catch (problem) {
    if (!(problem instanceof ApiProblem) || problem.status !== 401) throw problem;
    endSession(event.cookies);
    return toSignIn(event, returnTo);
  }
}

function toSignIn(event: RequestEvent, returnTo: string): never {
  if (event.request.method !== 'GET' && event.request.method !== 'POST') error(403, 'unauthenticated');
  const language = languageOfPath(event.url.pathname) ?? DEFAULT_LANGUAGE;
  redirect(303, `/${language}/sign-in?${new URLSearchParams({ to: returnTo })}`);
}

async function currentTokens(event: RequestEvent, kept: Tokens): Promise<Tokens | undefined> {
  try {
    const tokens = await refresher.fresh(kept, (refreshToken) => refresh(event.locals.api, refreshToken));
    if (tokens !== kept) startSession(event.cookies, tokens);
    return tokens;
  } catch (problem) {
    if (!(problem instanceof ApiProblem)) throw problem;
    if (problem.status >= 500 || problem.status === 429) {
      if (expiresAtMs(kept.accessToken) > Date.now()) return kept; // still good: use what is left of it
      throw problem;
    }
    endSession(event.cookies);
    return undefined;
  }
}

async function refresh(api: Api, refreshToken: string): Promise<Tokens> {
  const body = { refresh_token: refreshToken };
  const tokens = await answer(api.POST('/api/accounts/refresh', { body }));
  return { accessToken: tokens.access_token, refreshToken: tokens.refresh_token };
}

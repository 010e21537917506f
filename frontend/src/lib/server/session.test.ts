import { isRedirect, type Cookies, type RequestEvent } from '@sveltejs/kit';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { answer, apiClient } from './api.ts';
import { ApiProblem } from './problem.ts';
import { asSubject, endSession, hasSession, startSession } from './session.ts';

interface Kept {
  readonly value: string;
  readonly options: object;
}

class CookieJar {
  readonly kept = new Map<string, Kept>();
  readonly get = (name: string): string | undefined => this.kept.get(name)?.value;
  readonly set = (name: string, value: string, options: object): void => {
    this.kept.set(name, { value, options });
  };
  readonly delete = (name: string): void => {
    this.kept.delete(name);
  };
}

let jar: CookieJar;
let cookies: Cookies;
const fetchMock = vi.fn<(request: Request) => Promise<Response>>();

beforeEach(() => {
  jar = new CookieJar();
  cookies = jar as unknown as Cookies;
  vi.stubGlobal('fetch', fetchMock);
});

afterEach(() => {
  fetchMock.mockReset();
  vi.unstubAllGlobals();
});

function token(expiresInS: number): string {
  const payload = JSON.stringify({ exp: Date.now() / 1000 + expiresInS });
  return `e30.${Buffer.from(payload).toString('base64url')}.s`;
}

function signIn(expiresInS: number, refreshToken: string): void {
  startSession(cookies, { accessToken: token(expiresInS), refreshToken });
}

function visit(path: string, headers: Record<string, string> = {}): RequestEvent {
  const url = new URL(path, 'http://taquilla.test');
  const locals = { correlationId: 'request-1', api: apiClient(new Headers()) };
  return { url, request: new Request(url, { headers }), cookies, locals } as unknown as RequestEvent;
}

const profile = (event: RequestEvent): Promise<unknown> =>
  asSubject(event, (api) => answer(api.GET('/api/accounts/me')));

/** Where a visit is sent to; fails the test if it is not. */
async function redirectOf(work: Promise<unknown>): Promise<string> {
  const thrown: unknown = await work.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  if (!isRedirect(thrown)) throw new Error(`no redirect but ${String(thrown)}`);
  return thrown.location;
}

describe('cookies of a session', () => {
  it('are out of reach of scripts, other sites, other hosts and plain channels', () => {
    signIn(300, 'r');
    expect([...jar.kept.keys()]).toEqual(['__Host-access', '__Host-refresh']);
    for (const { options } of jar.kept.values()) {
      expect(options).toMatchObject({ httpOnly: true, secure: true, sameSite: 'lax', path: '/' });
    }
    expect(hasSession(cookies)).toBe(true);
    endSession(cookies);
    expect(hasSession(cookies)).toBe(false);
  });
});

describe('acting for the visitor', () => {
  it('asks a stranger to sign in and come back', async () => {
    const location = await redirectOf(profile(visit('/en/account?a=1')));
    expect(location).toBe('/en/sign-in?to=%2Fen%2Faccount%3Fa%3D1');
    expect(fetchMock).not.toHaveBeenCalled();
  });

  it('sends the token, the request id and the visitor’s address', async () => {
    signIn(300, 'r');
    fetchMock.mockResolvedValue(Response.json({ name: 'Ana' }));
    const headers = { 'x-forwarded-for': '203.0.113.7', cookie: 'other=secret' };
    expect(await profile(visit('/es/account', headers))).toEqual({ name: 'Ana' });
    const sent = fetchMock.mock.calls[0]?.[0].headers;
    expect(sent?.get('authorization')).toBe(`Bearer ${jar.get('__Host-access') ?? ''}`);
    expect(sent?.get('x-request-id')).toBe('request-1');
    expect(sent?.get('x-forwarded-for')).toBe('203.0.113.7');
    expect(sent?.has('cookie')).toBe(false);
  });

  it('never answers one subject with what another got, even if the API said public', async () => {
    const headers = { 'cache-control': 'public, max-age=60' };
    fetchMock.mockImplementation((request) =>
      Promise.resolve(Response.json(request.headers.get('authorization'), { headers })),
    );
    signIn(300, 'ana');
    const first = await profile(visit('/es/account'));
    signIn(301, 'luis');
    expect(await profile(visit('/es/account'))).not.toBe(first);
  });
});

describe('tokens at the end of their time', () => {
  it('exchanges a token about to expire before using it', async () => {
    signIn(10, 'refresh-a');
    const fresh = token(3600);
    fetchMock.mockImplementation(({ url }) =>
      Promise.resolve(
        url.endsWith('/refresh')
          ? Response.json({ access_token: fresh, refresh_token: 'refresh-b', expires_in_s: 3600 })
          : Response.json({}),
      ),
    );
    await profile(visit('/es/account'));
    expect(jar.get('__Host-access')).toBe(fresh);
    expect(jar.get('__Host-refresh')).toBe('refresh-b');
  });

  it('signs out a visitor whose session was revoked', async () => {
    signIn(300, 'r');
    fetchMock.mockResolvedValue(Response.json({ code: 'unauthenticated' }, { status: 401 }));
    expect(await redirectOf(profile(visit('/es/tickets')))).toBe('/es/sign-in?to=%2Fes%2Ftickets');
    expect(hasSession(cookies)).toBe(false);
  });

  it('signs out a visitor whose refresh token is no longer good', async () => {
    signIn(0, 'refresh-old');
    fetchMock.mockResolvedValue(Response.json({ code: 'invalid_refresh_token' }, { status: 401 }));
    await redirectOf(profile(visit('/es/tickets')));
    expect(hasSession(cookies)).toBe(false);
  });

  it('keeps the session while the accounts service is away', async () => {
    signIn(0, 'refresh-away');
    fetchMock.mockRejectedValue(new TypeError('fetch failed'));
    await expect(profile(visit('/es/tickets'))).rejects.toThrow(ApiProblem);
    expect(hasSession(cookies)).toBe(true);
  });

  it('uses what is left of a token when it cannot be exchanged', async () => {
    signIn(30, 'refresh-later');
    fetchMock.mockImplementation(({ url }) =>
      Promise.resolve(
        url.endsWith('/refresh') ? new Response('', { status: 503 }) : Response.json({ name: 'Ana' }),
      ),
    );
    expect(await profile(visit('/es/account'))).toEqual({ name: 'Ana' });
  });
});

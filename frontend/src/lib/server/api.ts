/** The one client of the API: typed from the services' OpenAPI documents, used on the server only. */
import createClient, { type Client } from 'openapi-fetch';
import { API_URL } from '$app/env/private';
import type { paths as AccountsPaths } from '#openapi/accounts.d.ts';
import type { paths as BoxofficePaths } from '#openapi/boxoffice.d.ts';
import { ApiProblem } from './problem.ts';
import { PublicCache } from './public-cache.ts';

const DEADLINE_MS = 5000;
const PUBLIC_ANSWERS_MAX = 500;

export type Api = Client<BoxofficePaths & AccountsPaths>;

const publicAnswers = new PublicCache(PUBLIC_ANSWERS_MAX);

/**
 * A client for the calls of one request. There is no retry here: the gateway repeats what is safe to repeat.
 *
 * `headers` are those of `forwardedHeaders`; an access token makes the calls the subject's own, and such
 * calls never touch the shared cache.
 */
export function apiClient(headers: Headers, accessToken?: string): Api {
  const own = new Headers(headers);
  if (accessToken) own.set('authorization', `Bearer ${accessToken}`);
  const cached = (request: Request): Promise<Response> =>
    request.method === 'GET' ? publicAnswers.fetch(request, withDeadline) : withDeadline(request);
  return createClient({ baseUrl: API_URL, headers: own, fetch: accessToken ? withDeadline : cached });
}

async function withDeadline(request: Request): Promise<Response> {
  try {
    return await fetch(request, { signal: AbortSignal.timeout(DEADLINE_MS), redirect: 'error' });
  } catch (cause) {
    throw ApiProblem.unreachable(cause);
  }
}

/** What the gateway must know of the visitor's request: who asks (for its limits) and which request it is. */
export function forwardedHeaders(incoming: Headers, correlationId: string): Headers {
  const headers = new Headers({ 'x-request-id': correlationId });
  for (const name of ['x-forwarded-for', 'traceparent', 'tracestate']) {
    const value = incoming.get(name);
    if (value) headers.set(name, value);
  }
  return headers;
}

/** The body of a successful answer; otherwise throws the `ApiProblem`. */
export async function answer<Data>(
  pending: Promise<{ data?: Data; error?: unknown; response: Response }>,
): Promise<NonNullable<Data>> {
  const { data, error, response } = await pending;
  if (!response.ok) throw ApiProblem.of(response.status, error);
  return data as NonNullable<Data>;
}

/** Headers of every answer: what browsers must not do with it, and who may keep it. */

/** Public pages: the same for everybody, so the edge may answer for a moment. */
export const PUBLIC_PAGE = { 'cache-control': 'public, max-age=10' } as const;
/** A public page that shows free seats. */
export const PUBLIC_SEATS = { 'cache-control': 'public, max-age=1' } as const;

const PERSONAL = 'private, no-store';

const SECURITY: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'strict-origin-when-cross-origin',
  'cross-origin-opener-policy': 'same-origin',
  'permissions-policy': 'camera=(), microphone=(), geolocation=(), payment=()',
};

/**
 * Complete the headers in place.
 *
 * An answer is personal unless its page says that it is public, and even then it is personal when it
 * sets a cookie, reports an error or answers a form: a shared cache must not keep those.
 */
export function secure(request: Request, response: Response, correlationId: string): Response {
  const { headers } = response;
  for (const [name, value] of Object.entries(SECURITY)) {
    if (!headers.has(name)) headers.set(name, value);
  }
  headers.set('x-request-id', correlationId);
  if (!mayBeShared(request, response)) headers.set('cache-control', PERSONAL);
  return response;
}

function mayBeShared(request: Request, response: Response): boolean {
  return (
    (request.method === 'GET' || request.method === 'HEAD') &&
    (response.status === 200 || response.status === 304) &&
    !response.headers.has('set-cookie') &&
    (response.headers.get('cache-control') ?? '').startsWith('public')
  );
}

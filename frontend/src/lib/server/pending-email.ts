/**
 * The address that waits for a code, between two pages. In a short-lived cookie rather than in the page's
 * address, which ends up in logs and histories.
 */
import type { Cookies } from '@sveltejs/kit';

const COOKIE = '__Host-pending-email';
const OPTIONS = { path: '/', httpOnly: true, secure: true, sameSite: 'lax' } as const;
const KEPT_FOR_S = 1800;

export function rememberEmail(cookies: Cookies, email: string): void {
  cookies.set(COOKIE, email, { ...OPTIONS, maxAge: KEPT_FOR_S });
}

export function pendingEmail(cookies: Cookies): string {
  return cookies.get(COOKIE) ?? '';
}

export function forgetEmail(cookies: Cookies): void {
  cookies.delete(COOKIE, OPTIONS);
}

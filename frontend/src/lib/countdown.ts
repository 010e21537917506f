/** Time left, by the server's clock: the visitor's own may be wrong by hours. */

/** What is left of `expiresAt` after `elapsedMs` on a page that the server made at `serverNowMs`. */
export function remainingMs(expiresAt: string, serverNowMs: number, elapsedMs: number): number {
  return Math.max(0, Date.parse(expiresAt) - serverNowMs - elapsedMs);
}

export type Announcement = { readonly minutes: number } | 'last-seconds';

const MINUTE_MS = 60_000;
const LAST_MS = 30_000;

/**
 * What a screen reader should be told: whole minutes as they begin, and the last half minute. It changes
 * seldom, so that it does not talk over everything else.
 */
export function announcementAt(leftMs: number): Announcement {
  return leftMs <= LAST_MS ? 'last-seconds' : { minutes: Math.ceil(leftMs / MINUTE_MS) };
}

import { MAILBOX_URL } from '$app/env/private';
import { hasSession } from '#lib/server/session.ts';
import type { RequestHandler } from './$types';

/** What the browser may know of its own session, so that public pages need not say it. Never shared. */
export const GET: RequestHandler = ({ cookies }) =>
  Response.json({ signedIn: hasSession(cookies), mailbox: MAILBOX_URL !== undefined });

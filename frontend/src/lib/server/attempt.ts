/**
 * The key of one attempt to pay. It is made with the page and travels with its form, so that sending the form
 * twice is one order, and sending it again after an unclear answer asks for the same order.
 */
import { randomUUID } from 'node:crypto';

/** Visible ASCII, as the API wants it, and long enough not to be guessed or to collide. */
const ATTEMPT = /^[\x21-\x7e]{16,255}$/;

export function newAttempt(): string {
  return randomUUID();
}

/** The form's key, or a new one for a form without: then the payment cannot be told from another one. */
export function attemptOf(given: string): string {
  return ATTEMPT.test(given) ? given : newAttempt();
}

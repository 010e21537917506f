/** What the browser knows of its own visitor: what public pages, the same for all, leave out. */
import { browser } from '$app/env';

interface Answer {
  readonly signedIn: boolean;
  readonly mailbox: boolean;
}

/** After these, the answer may be another one. */
const CHANGES_SIGN_IN = /\/(sign-in|sign-up|confirm|account)$/;

class Visitor {
  signedIn = $state(false);
  hasMailbox = $state(false);
  #asked = false;
  #lastPath = '';

  /** Ask once a visit, and again when the visitor leaves a page that signs people in or out. */
  async ask(pathname: string): Promise<void> {
    const again = CHANGES_SIGN_IN.test(this.#lastPath) && pathname !== this.#lastPath;
    this.#lastPath = pathname;
    if (!browser || (this.#asked && !again)) return;
    this.#asked = true;
    const response = await fetch('/session').catch(() => undefined);
    if (!response?.ok) return;
    const answer = (await response.json()) as Answer;
    this.signedIn = answer.signedIn;
    this.hasMailbox = answer.mailbox;
  }
}

export const visitor = new Visitor();

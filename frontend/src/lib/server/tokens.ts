/** When a session's tokens must be exchanged, and that it happens once however many requests notice it. */

export interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
}

const EXPIRES_SOON_MS = 60_000;
/** Requests that were sent with the old cookie may arrive a little after the exchange. */
const ANSWER_KEPT_MS = 10_000;
const ANSWERS_MAX = 10_000;

/** The `exp` of a JWT in epoch ms; 0 for anything else. The API verifies tokens, we only schedule. */
export function expiresAtMs(jwt: string): number {
  const [, payload = ''] = jwt.split('.');
  try {
    const { exp } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { exp?: unknown };
    return typeof exp === 'number' ? exp * 1000 : 0;
  } catch {
    return 0;
  }
}

export class Refresher {
  readonly #answers = new Map<string, Promise<Tokens>>();

  constructor(private readonly nowMs: () => number = Date.now) {}

  /** The tokens as they are while they last, else those that `exchange` returns, asked for once a session. */
  async fresh(kept: Tokens, exchange: (refreshToken: string) => Promise<Tokens>): Promise<Tokens> {
    if (expiresAtMs(kept.accessToken) - this.nowMs() > EXPIRES_SOON_MS) return kept;
    return this.#answers.get(kept.refreshToken) ?? this.#exchange(kept.refreshToken, exchange);
  }

  #exchange(refreshToken: string, exchange: (refreshToken: string) => Promise<Tokens>): Promise<Tokens> {
    const asked = exchange(refreshToken);
    const forget = (): void => {
      this.#answers.delete(refreshToken);
    };
    if (this.#answers.size < ANSWERS_MAX) this.#answers.set(refreshToken, asked);
    asked.then(() => setTimeout(forget, ANSWER_KEPT_MS).unref(), forget);
    return asked;
  }
}

/**
 * A cache for answers that say they are public, shared by everyone this process serves.
 *
 * It keeps to `Cache-Control: public, max-age` (RFC 9111), holds a bounded number of answers and asks once
 * however many wait. The caller must never pass it a request that carries a subject.
 */

/** A longer answer is passed on without being kept. */
const BODY_CHARACTERS_MAX = 256 * 1024;

interface Entry {
  readonly expiresAtMs: number;
  readonly status: number;
  readonly body: string;
  readonly contentType: string;
}

type Fetch = (request: Request) => Promise<Response>;

export class PublicCache {
  readonly #entries = new Map<string, Entry>();
  readonly #inFlight = new Map<string, Promise<Entry>>();

  constructor(
    private readonly entriesMax: number,
    private readonly nowMs: () => number = Date.now,
  ) {}

  /** Answer from the cache, from the call already under way, or by `fetch`. */
  async fetch(request: Request, fetch: Fetch): Promise<Response> {
    const key = request.url;
    const kept = this.#entries.get(key);
    if (kept && kept.expiresAtMs > this.nowMs()) return toResponse(kept);
    const asked = this.#inFlight.get(key) ?? this.#ask(key, request, fetch);
    return toResponse(await asked);
  }

  #ask(key: string, request: Request, fetch: Fetch): Promise<Entry> {
    const asked = this.#read(request, fetch)
      .then((entry) => this.#keep(key, entry))
      .finally(() => this.#inFlight.delete(key));
    this.#inFlight.set(key, asked);
    return asked;
  }

  async #read(request: Request, fetch: Fetch): Promise<Entry> {
    const response = await fetch(request);
    const lifetimeMs = response.ok ? publicLifetimeMs(response.headers.get('cache-control')) : 0;
    return {
      expiresAtMs: this.nowMs() + lifetimeMs,
      status: response.status,
      body: await response.text(),
      contentType: response.headers.get('content-type') ?? 'application/json',
    };
  }

  #keep(key: string, entry: Entry): Entry {
    this.#entries.delete(key);
    if (entry.expiresAtMs <= this.nowMs() || entry.body.length > BODY_CHARACTERS_MAX) return entry;
    this.#entries.set(key, entry);
    const oldest = this.#entries.keys().next();
    if (this.#entries.size > this.entriesMax && !oldest.done) this.#entries.delete(oldest.value);
    return entry;
  }
}

/** How long a shared cache may keep an answer: 0 unless it says `public` and an age. */
export function publicLifetimeMs(cacheControl: string | null): number {
  const directives = (cacheControl ?? '')
    .toLowerCase()
    .split(',')
    .map((directive) => directive.trim());
  if (!directives.includes('public') || directives.includes('no-store')) return 0;
  const age = directives.find((directive) => /^max-age=\d+$/.test(directive));
  return age ? Number(age.slice('max-age='.length)) * 1000 : 0;
}

function toResponse(entry: Entry): Response {
  return new Response(entry.body, {
    status: entry.status,
    headers: { 'content-type': entry.contentType },
  });
}

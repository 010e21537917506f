/** Free places: of one section seat by seat, and of every section as a count. */
import type { SeatStatus, SectionStatus } from '#lib/documents.ts';
import { answer, type Api } from './api.ts';

export async function seatsOf(api: Api, eventId: string, section: string): Promise<SeatStatus[]> {
  const params = { path: { event_id: eventId }, query: { section } };
  return (await answer(api.GET('/api/events/{event_id}/seats', { params }))).seats;
}

const KEPT_MS = 2000;
const EVENTS_MAX = 200;

/**
 * The sections of an event with their counts.
 *
 * The API gives them with every seat of the house, two megabytes for an arena: asked for once in a while,
 * and only the counts are kept.
 */
export class SectionTotals {
  readonly #kept = new Map<string, { readonly untilMs: number; readonly totals: Promise<SectionStatus[]> }>();

  constructor(private readonly nowMs: () => number = Date.now) {}

  of(api: Api, eventId: string): Promise<SectionStatus[]> {
    const kept = this.#kept.get(eventId);
    if (kept && kept.untilMs > this.nowMs()) return kept.totals;
    const totals = ask(api, eventId);
    this.#kept.delete(eventId);
    this.#kept.set(eventId, { untilMs: this.nowMs() + KEPT_MS, totals });
    const oldest = this.#kept.keys().next();
    if (this.#kept.size > EVENTS_MAX && !oldest.done) this.#kept.delete(oldest.value);
    totals.catch(() => this.#kept.delete(eventId)); // a failure is not kept
    return totals;
  }
}

async function ask(api: Api, eventId: string): Promise<SectionStatus[]> {
  const params = { path: { event_id: eventId } };
  return (await answer(api.GET('/api/events/{event_id}/seats', { params }))).sections;
}

/** The places that the visitor has chosen on this page and not yet held. */
import { SvelteMap } from 'svelte/reactivity';
import type { SeatStatus } from '#lib/documents.ts';
import type { Seat } from './geometry.ts';

/** The box office holds no more in one purchase. */
export const PLACES_MAX = 10;

export class Basket {
  readonly #seats = new SvelteMap<string, Seat>();
  /** How many chosen seats somebody else has taken since the visitor last chose. */
  lost = $state(0);
  /** The visitor has just asked for one more than is allowed. */
  full = $state(false);

  constructor(seats: readonly Seat[] = []) {
    for (const seat of seats.slice(0, PLACES_MAX)) this.#seats.set(seat.id, seat);
  }

  get seats(): Seat[] {
    return [...this.#seats.values()];
  }

  get totalCents(): number {
    return this.seats.reduce((sum, seat) => sum + seat.priceCents, 0);
  }

  has(id: string): boolean {
    return this.#seats.has(id);
  }

  /** Choose the seat, or let it go if it was chosen. */
  toggle(seat: Seat): void {
    this.lost = 0;
    if (this.#seats.delete(seat.id)) {
      this.full = false;
      return;
    }
    this.full = this.#seats.size >= PLACES_MAX;
    if (!this.full) this.#seats.set(seat.id, seat);
  }

  /** Let go of what the report says is no longer free. */
  reconcile(report: readonly Pick<SeatStatus, 'id' | 'status'>[]): void {
    const gone = report.filter(({ id, status }) => status !== 'available' && this.#seats.has(id));
    for (const { id } of gone) this.#seats.delete(id);
    this.lost += gone.length;
  }
}

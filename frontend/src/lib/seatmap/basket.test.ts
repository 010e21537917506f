import { describe, expect, it } from 'vitest';
import { Basket, PLACES_MAX } from './basket.svelte.ts';
import type { Seat } from './geometry.ts';

function seat(number: number): Seat {
  return { id: `s-A-${number}`, sectionId: 's', row: 'A', number, priceCents: 1000 + number, x: 0, y: 0 };
}

describe('basket', () => {
  it('adds up what is chosen, and lets it go again', () => {
    const basket = new Basket([seat(1)]);
    basket.toggle(seat(2));
    expect(basket.totalCents).toBe(2003);
    basket.toggle(seat(1));
    expect(basket.seats.map(({ id }) => id)).toEqual(['s-A-2']);
  });

  it('stops at the most that can be held, and says so', () => {
    const basket = new Basket();
    for (let number = 1; number <= PLACES_MAX + 1; number += 1) basket.toggle(seat(number));
    expect(basket.seats).toHaveLength(PLACES_MAX);
    expect(basket.full).toBe(true);
    basket.toggle(seat(1));
    expect(basket.full).toBe(false);
  });

  it('loses what somebody else has taken, and nothing else', () => {
    const basket = new Basket([seat(1), seat(2)]);
    basket.reconcile([
      { id: 's-A-1', status: 'held' },
      { id: 's-A-2', status: 'available' },
      { id: 's-A-3', status: 'sold' },
    ]);
    expect(basket.seats.map(({ id }) => id)).toEqual(['s-A-2']);
    expect(basket.lost).toBe(1);
  });
});

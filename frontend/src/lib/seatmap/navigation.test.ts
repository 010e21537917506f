import { describe, expect, it } from 'vitest';
import { seatRows, type Seat } from './geometry.ts';
import { seatAfterKey } from './navigation.ts';

const rows = seatRows({
  id: 's',
  price_cents: 100,
  rows: [
    { label: 'A', seats: 3 },
    { label: 'B', seats: 5 },
  ],
  shape: { x: 0, y: 0, width: 100, height: 40, rotate_deg: 0, bend: 0 },
});

function seat(id: string): Seat {
  const found = rows.flat().find((each) => each.id === id);
  if (!found) throw new Error(`no seat ${id}`);
  return found;
}

describe('arrow keys', () => {
  it.each([
    ['s-A-1', 'ArrowRight', 's-A-2'],
    ['s-A-2', 'ArrowLeft', 's-A-1'],
    ['s-A-1', 'ArrowDown', 's-B-2'],
    ['s-B-5', 'ArrowUp', 's-A-3'],
    ['s-B-2', 'Home', 's-B-1'],
    ['s-B-2', 'End', 's-B-5'],
  ])('from %s, %s leads to %s', (from, key, to) => {
    expect(seatAfterKey(rows, seat(from), key)?.id).toBe(to);
  });

  it.each([
    ['s-A-1', 'ArrowLeft'],
    ['s-A-3', 'ArrowRight'],
    ['s-A-1', 'ArrowUp'],
    ['s-B-1', 'ArrowDown'],
    ['s-B-1', 'PageDown'],
  ])('from %s, %s leads nowhere', (from, key) => {
    expect(seatAfterKey(rows, seat(from), key)).toBeUndefined();
  });
});

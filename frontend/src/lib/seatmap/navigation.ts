/** Which seat an arrow key leads to. */
import type { Seat } from './geometry.ts';

const STEPS: Readonly<Record<string, { rows: number; seats: number }>> = {
  ArrowLeft: { rows: 0, seats: -1 },
  ArrowRight: { rows: 0, seats: 1 },
  ArrowUp: { rows: -1, seats: 0 },
  ArrowDown: { rows: 1, seats: 0 },
};

/**
 * The seat that `key` leads to from `current`: along the row, or the nearest one in the next row; Home and
 * End are the ends of the row. `undefined` for another key, and at the edge.
 */
export function seatAfterKey(rows: readonly Seat[][], current: Seat, key: string): Seat | undefined {
  const rowIndex = rows.findIndex((row) => row.some(({ id }) => id === current.id));
  const row = rows[rowIndex];
  if (!row) return undefined;
  if (key === 'Home') return row[0];
  if (key === 'End') return row.at(-1);
  const step = STEPS[key];
  if (!step) return undefined;
  if (step.seats !== 0) return row[row.findIndex(({ id }) => id === current.id) + step.seats];
  return nearest(rows[rowIndex + step.rows] ?? [], current);
}

function nearest(row: readonly Seat[], from: Seat): Seat | undefined {
  const distance = (seat: Seat): number => (seat.x - from.x) ** 2 + (seat.y - from.y) ** 2;
  return row.toSorted((one, other) => distance(one) - distance(other))[0];
}

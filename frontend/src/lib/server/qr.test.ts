import { encode } from 'uqr';
import { describe, expect, it } from 'vitest';
import { qrCode } from './qr.ts';

const TICKET = `TQ1.${'A'.repeat(22)}.${'b'.repeat(86)}`;

/** What a path of "M x y h w v1 h-w z" rectangles paints. */
function painted(path: string, size: number): boolean[][] {
  const grid = Array.from({ length: size }, () => Array.from({ length: size }, () => false));
  for (const [, x, y, width] of path.matchAll(/M(\d+) (\d+)h(\d+)v1h-\d+z/g)) {
    for (let step = 0; step < Number(width); step += 1) {
      const row = grid[Number(y)];
      if (row) row[Number(x) + step] = true;
    }
  }
  return grid;
}

describe('the drawn code', () => {
  it('paints exactly the dark modules', () => {
    const { size, path } = qrCode(TICKET);
    expect(painted(path, size)).toEqual(encode(TICKET, { ecc: 'M', border: 0 }).data);
  });
});

import { describe, expect, it } from 'vitest';
import { queryOf, wantedOf, wishOf } from './wish.ts';

function form(...entries: [string, string][]): FormData {
  const data = new FormData();
  for (const [name, value] of entries) data.append(name, value);
  return data;
}

describe('what a form asks for', () => {
  it('is seats, each once', () => {
    expect(wishOf(form(['seats', 'a-1'], ['seats', 'a-2'], ['seats', 'a-1']))).toEqual({
      seats: ['a-1', 'a-2'],
    });
  });

  it('or a quantity of a section', () => {
    expect(wishOf(form(['section', 'floor'], ['quantity', '3']))).toEqual({ section: 'floor', quantity: 3 });
  });

  it.each([
    [[]],
    [[['section', 'floor']]],
    [
      [
        ['section', 'floor'],
        ['quantity', '0'],
      ],
    ],
    [
      [
        ['section', 'floor'],
        ['quantity', '-1'],
      ],
    ],
    [
      [
        ['section', 'floor'],
        ['quantity', '1.5'],
      ],
    ],
    [
      [
        ['section', 'floor'],
        ['quantity', 'many'],
      ],
    ],
    [[['quantity', '2']]],
  ] as [string, string][][][])('and nothing in %j', (entries) => {
    expect(wishOf(form(...entries))).toBeUndefined();
  });
});

describe('coming back to the same choice', () => {
  it.each([{ seats: ['grada-baja-A-1', 'grada-baja-Ñ-2'] }, { section: 'pista', quantity: 4 }])(
    '%j survives the address',
    (wish) => {
      const wanted = wantedOf(new URLSearchParams(queryOf(wish)));
      expect('seats' in wish ? wanted.seats : wanted.standing).toEqual('seats' in wish ? wish.seats : wish);
    },
  );

  it('takes no more seats from an address than can be held', () => {
    const seats = Array.from({ length: 500 }, (_, index) => `a-${index}`);
    expect(wantedOf(new URLSearchParams(queryOf({ seats }))).seats).toHaveLength(10);
  });
});

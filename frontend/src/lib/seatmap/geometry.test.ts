import { describe, expect, it } from 'vitest';
import { boundsOf, findSeat, outline, seatRadius, seatRows, type SeatedSection } from './geometry.ts';

function section(shape: Partial<SeatedSection['shape']> = {}): SeatedSection {
  return {
    id: 'grada-baja',
    price_cents: 4800,
    rows: [
      { label: 'A', seats: 3 },
      { label: 'B', seats: 5 },
    ],
    shape: { x: 100, y: 200, width: 100, height: 40, rotate_deg: 0, bend: 0, ...shape },
  };
}

describe('seat rows', () => {
  it('names seats by section, row and number', () => {
    const ids = seatRows(section()).map((row) => row.map(({ id }) => id));
    expect(ids[0]).toEqual(['grada-baja-A-1', 'grada-baja-A-2', 'grada-baja-A-3']);
    expect(ids[1]).toHaveLength(5);
  });

  it('spreads rows along the height, the first nearest the stage', () => {
    const [first, second] = seatRows(section());
    expect(first?.[0]?.y).toBe(210);
    expect(second?.[0]?.y).toBe(230);
  });

  it('spreads seats along the width and centres shorter rows', () => {
    const [short, long] = seatRows(section());
    expect(long?.map(({ x }) => x)).toEqual([110, 130, 150, 170, 190]);
    expect(short?.map(({ x }) => x)).toEqual([130, 150, 170]);
  });

  it('bends the ends of a row towards the stage along a parabola', () => {
    const [, row] = seatRows(section({ bend: 10 }));
    expect(row?.[2]?.y).toBe(230);
    expect(row?.[0]?.y).toBeCloseTo(230 - 10 * 0.8 ** 2);
    expect(row?.[4]?.y).toBeCloseTo(row?.[0]?.y ?? Number.NaN);
  });

  it('turns the section about its centre', () => {
    const [first] = seatRows(section({ rotate_deg: 90 }));
    // Clockwise on a map whose y grows downwards: what was above the centre is now to its right.
    expect(first?.[1]?.x).toBeCloseTo(160);
    expect(first?.[1]?.y).toBeCloseTo(220);
  });

  it('keeps neighbours apart', () => {
    const radius = seatRadius(section());
    const [, row] = seatRows(section());
    expect((row?.[1]?.x ?? 0) - (row?.[0]?.x ?? 0)).toBeGreaterThan(2 * radius);
  });
});

describe('outline and bounds', () => {
  it('draws an upright rectangle when nothing bends', () => {
    expect(outline(section().shape)).toBe('M100 200Q150 200 200 200V240Q150 240 100 240Z');
  });

  it('puts the box around a turned shape', () => {
    const box = boundsOf(section({ rotate_deg: 90 }).shape, 5);
    expect(box.x).toBeCloseTo(125);
    expect(box.y).toBeCloseTo(165);
    expect(box.width).toBeCloseTo(50);
    expect(box.height).toBeCloseTo(110);
  });
});

describe('finding a seat', () => {
  const other: SeatedSection = { ...section(), id: 'grada', rows: [{ label: 'baja-A', seats: 1 }] };

  it('tells sections apart whose names begin alike', () => {
    const sections = [other, section()];
    expect(findSeat(sections, 'grada-baja-A-3')?.sectionId).toBe('grada-baja');
    expect(findSeat(sections, 'grada-baja-A-1')?.sectionId).toBe('grada');
  });

  it('finds nothing where there is nothing', () => {
    expect(findSeat([section()], 'grada-baja-Z-1')).toBeUndefined();
    expect(findSeat([section()], '')).toBeUndefined();
  });
});

/**
 * Where every seat is, from a section's shape.
 *
 * A shape is a rectangle in map units, turned about its centre. Rows spread evenly along its height, the
 * first nearest the stage; seats evenly along its width, each row centred. `bend` is how far the ends of a
 * row curve towards the stage, along a parabola.
 */
import type { Section } from '#lib/documents.ts';

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Box extends Point {
  readonly width: number;
  readonly height: number;
}

export interface Seat extends Point {
  readonly id: string;
  readonly sectionId: string;
  readonly row: string;
  readonly number: number;
  readonly priceCents: number;
}

type Shape = Section['shape'];
export type SeatedSection = Pick<Section, 'id' | 'price_cents' | 'rows' | 'shape'>;

/** Seats fill this much of the space between their centres. */
const SEAT_FILL = 0.8;

/** The rows of a section, nearest the stage first, each from its first seat to its last. */
export function seatRows(section: SeatedSection): Seat[][] {
  const { rows, shape } = section;
  const pitch = shape.width / longest(rows);
  return rows.map((row, rowIndex) => {
    const y = ((rowIndex + 0.5) / rows.length) * shape.height;
    return Array.from({ length: row.seats }, (_, index) => {
      const x = shape.width / 2 + (index - (row.seats - 1) / 2) * pitch;
      const place = turned(shape, { x, y: y - rise(shape, x) });
      const number = index + 1;
      return {
        ...place,
        id: `${section.id}-${row.label}-${number}`,
        sectionId: section.id,
        row: row.label,
        number,
        priceCents: section.price_cents,
      };
    });
  });
}

/** A seat's radius, so that neighbours never touch. */
export function seatRadius(section: SeatedSection): number {
  const { rows } = section;
  const pitch = Math.min(
    section.shape.width / longest(rows),
    section.shape.height / Math.max(rows.length, 1),
  );
  return (pitch * SEAT_FILL) / 2;
}

/** SVG path of the section's outline before it is turned; `turn` turns it. Its ends curve as its rows do. */
export function outline({ x, y, width, height, bend }: Shape): string {
  const right = x + width;
  const middle = x + width / 2;
  const bottom = y + height;
  // A quadratic Bézier curve passes half way between its control point and its ends.
  return (
    `M${x} ${y - bend}Q${middle} ${y + bend} ${right} ${y - bend}` +
    `V${bottom - bend}Q${middle} ${bottom + bend} ${x} ${bottom - bend}Z`
  );
}

/** SVG transform that turns the shape about its centre. */
export function turn(shape: Shape): string {
  const { x, y } = centre(shape);
  return `rotate(${shape.rotate_deg} ${x} ${y})`;
}

export function centre({ x, y, width, height }: Box): Point {
  return { x: x + width / 2, y: y + height / 2 };
}

/** The upright box around a turned shape, with `margin` on every side. */
export function boundsOf(shape: Shape, margin = 0): Box {
  const { width, height, bend } = shape;
  const top = -Math.max(bend, 0);
  const corners = [
    turned(shape, { x: 0, y: top }),
    turned(shape, { x: width, y: top }),
    turned(shape, { x: 0, y: height }),
    turned(shape, { x: width, y: height }),
  ];
  const left = Math.min(...corners.map(({ x }) => x)) - margin;
  const upper = Math.min(...corners.map(({ y }) => y)) - margin;
  return {
    x: left,
    y: upper,
    width: Math.max(...corners.map(({ x }) => x)) + margin - left,
    height: Math.max(...corners.map(({ y }) => y)) + margin - upper,
  };
}

/** The seat with this id among the sections, or `undefined`. Section ids and row labels may hold hyphens. */
export function findSeat(sections: readonly SeatedSection[], id: string): Seat | undefined {
  const candidates = sections.filter((section) => id.startsWith(`${section.id}-`));
  return candidates.flatMap((section) => seatRows(section).flat()).find((seat) => seat.id === id);
}

function longest(rows: SeatedSection['rows']): number {
  return Math.max(1, ...rows.map(({ seats }) => seats));
}

/** How far towards the stage a row is at `x`, which counts from the shape's left edge. */
function rise(shape: Shape, x: number): number {
  const fromMiddle = (x - shape.width / 2) / (shape.width / 2);
  return shape.bend * fromMiddle ** 2;
}

/** A point of the upright shape, counted from its top left corner, on the map. */
function turned(shape: Shape, local: Point): Point {
  const middle = centre(shape);
  const radians = (shape.rotate_deg * Math.PI) / 180;
  const dx = shape.x + local.x - middle.x;
  const dy = shape.y + local.y - middle.y;
  return {
    x: middle.x + dx * Math.cos(radians) - dy * Math.sin(radians),
    y: middle.y + dx * Math.sin(radians) + dy * Math.cos(radians),
  };
}

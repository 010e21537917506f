/** Mouse, wheel and touch on the plan: drag to move, pinch or Ctrl + wheel to zoom. A drag is no click. */
import type { Attachment } from 'svelte/attachments';
import type { Point } from './geometry.ts';
import type { Viewport } from './viewport.svelte.ts';

const DRAG_THRESHOLD_PX = 6;
const WHEEL_STEP = 0.0022;

export function gestures(viewport: Viewport): Attachment<SVGSVGElement> {
  return (svg) => {
    const gesture = new Gesture(svg, viewport);
    const aborter = new AbortController();
    const { signal } = aborter;
    svg.addEventListener('pointerdown', (event) => gesture.press(event), { signal });
    svg.addEventListener('pointermove', (event) => gesture.move(event), { signal });
    svg.addEventListener('pointerup', (event) => gesture.lift(event), { signal });
    svg.addEventListener('pointercancel', (event) => gesture.lift(event), { signal });
    svg.addEventListener('click', (event) => gesture.filterClick(event), { signal, capture: true });
    svg.addEventListener('wheel', (event) => gesture.wheel(event), { signal, passive: false });
    return () => {
      aborter.abort();
      viewport.stop();
    };
  };
}

class Gesture {
  readonly #pointers = new Map<number, Point>();
  #start: Point = { x: 0, y: 0 };
  #dragging = false;

  constructor(
    private readonly svg: SVGSVGElement,
    private readonly viewport: Viewport,
  ) {}

  press(event: PointerEvent): void {
    if (event.button !== 0) return;
    if (this.#pointers.size === 0) {
      this.#dragging = false;
      this.#start = { x: event.clientX, y: event.clientY };
    }
    this.#pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
  }

  move(event: PointerEvent): void {
    const before = this.#pointers.get(event.pointerId);
    if (!before) return;
    const now = { x: event.clientX, y: event.clientY };
    if (!this.#dragging && distance(now, this.#start) > DRAG_THRESHOLD_PX) {
      this.#dragging = true;
      this.svg.setPointerCapture(event.pointerId);
    }
    if (!this.#dragging) return;
    if (this.#pointers.size === 2) this.#pinch(event.pointerId, now);
    const share = 1 / this.#pointers.size;
    const scale = this.#unitsPerPixel() * share;
    this.viewport.move((before.x - now.x) * scale, (before.y - now.y) * scale);
    this.#pointers.set(event.pointerId, now);
  }

  lift(event: PointerEvent): void {
    this.#pointers.delete(event.pointerId);
  }

  filterClick(event: MouseEvent): void {
    if (!this.#dragging) return;
    this.#dragging = false;
    event.preventDefault();
    event.stopPropagation();
  }

  /** A plain wheel scrolls the page, as everywhere. */
  wheel(event: WheelEvent): void {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const factor = Math.exp(-event.deltaY * WHEEL_STEP);
    this.viewport.zoom(factor, this.#onPlan({ x: event.clientX, y: event.clientY }));
  }

  #pinch(movedId: number, now: Point): void {
    const others = [...this.#pointers].filter(([id]) => id !== movedId);
    const other = others[0]?.[1];
    const before = this.#pointers.get(movedId);
    if (!other || !before) return;
    const factor = distance(now, other) / Math.max(1, distance(before, other));
    this.viewport.zoom(factor, this.#onPlan({ x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 }));
  }

  #onPlan(client: Point): Point {
    const rectangle = this.svg.getBoundingClientRect();
    const scale = this.#unitsPerPixel();
    const { x, y } = this.viewport.box;
    return { x: x + (client.x - rectangle.left) * scale, y: y + (client.y - rectangle.top) * scale };
  }

  #unitsPerPixel(): number {
    return this.viewport.box.width / Math.max(1, this.svg.clientWidth);
  }
}

function distance(one: Point, other: Point): number {
  return Math.hypot(one.x - other.x, one.y - other.y);
}

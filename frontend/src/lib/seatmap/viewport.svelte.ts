/** The part of the plan that is in sight: an SVG view box that zooms, moves and never leaves the plan. */
import type { Box, Point } from './geometry.ts';

const GLIDE_MS = 260;
/** Closest look: this fraction of the plan's width fills the screen. */
const NEAREST = 1 / 14;

export class Viewport {
  box: Box = $state.raw({ x: 0, y: 0, width: 1, height: 1 });
  #frame = 0;

  constructor(
    private readonly plan: Box,
    private readonly motion: () => boolean = () => true,
  ) {
    this.box = plan;
  }

  /** Whether the whole plan is in sight. */
  get isWhole(): boolean {
    return this.box.width >= this.plan.width * 0.999;
  }

  get viewBox(): string {
    const { x, y, width, height } = this.box;
    return `${x} ${y} ${width} ${height}`;
  }

  showAll(): void {
    this.#glide(this.plan);
  }

  /** Bring `area` into the middle, as large as fits. */
  show(area: Box): void {
    const scale = Math.max(area.width / this.plan.width, area.height / this.plan.height, NEAREST);
    const width = this.plan.width * scale;
    const height = this.plan.height * scale;
    const x = area.x + (area.width - width) / 2;
    const y = area.y + (area.height - height) / 2;
    this.#glide(clamp({ x, y, width, height }, this.plan));
  }

  /** Zoom so that `anchor` stays where it is; a factor above 1 comes nearer. */
  zoom(factor: number, anchor: Point = middle(this.box), smoothly = false): void {
    const width = Math.min(this.plan.width, Math.max(this.plan.width * NEAREST, this.box.width / factor));
    const ratio = width / this.box.width;
    const next = {
      x: anchor.x - (anchor.x - this.box.x) * ratio,
      y: anchor.y - (anchor.y - this.box.y) * ratio,
      width,
      height: this.box.height * ratio,
    };
    if (smoothly) this.#glide(clamp(next, this.plan));
    else this.#jump(clamp(next, this.plan));
  }

  /** Move by map units. */
  move(dx: number, dy: number): void {
    this.#jump(clamp({ ...this.box, x: this.box.x + dx, y: this.box.y + dy }, this.plan));
  }

  /** Move just enough for a point to be well inside the sight. */
  reveal(point: Point): void {
    const { x, y, width, height } = this.box;
    const marginX = width / 8;
    const marginY = height / 8;
    const dx = Math.min(0, point.x - x - marginX) + Math.max(0, point.x - (x + width - marginX));
    const dy = Math.min(0, point.y - y - marginY) + Math.max(0, point.y - (y + height - marginY));
    if (dx !== 0 || dy !== 0) this.move(dx, dy);
  }

  stop(): void {
    cancelAnimationFrame(this.#frame);
  }

  #jump(box: Box): void {
    this.stop();
    this.box = box;
  }

  #glide(target: Box): void {
    this.stop();
    if (!this.motion()) {
      this.box = target;
      return;
    }
    const from = this.box;
    const startedMs = performance.now();
    const step = (nowMs: number): void => {
      const progress = Math.min(1, Math.max(0, (nowMs - startedMs) / GLIDE_MS));
      this.box = between(from, target, 1 - (1 - progress) ** 3);
      if (progress < 1) this.#frame = requestAnimationFrame(step);
    };
    this.#frame = requestAnimationFrame(step);
  }
}

function middle({ x, y, width, height }: Box): Point {
  return { x: x + width / 2, y: y + height / 2 };
}

function clamp(box: Box, plan: Box): Box {
  const x = Math.min(Math.max(box.x, plan.x), plan.x + plan.width - box.width);
  const y = Math.min(Math.max(box.y, plan.y), plan.y + plan.height - box.height);
  return { ...box, x, y };
}

function between(from: Box, to: Box, share: number): Box {
  const mix = (one: number, other: number): number => one + (other - one) * share;
  return {
    x: mix(from.x, to.x),
    y: mix(from.y, to.y),
    width: mix(from.width, to.width),
    height: mix(from.height, to.height),
  };
}

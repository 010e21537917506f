/** Which seats are free, kept up to date while somebody looks at the plan. */
import type { SeatReport, SectionStatus } from '#lib/documents.ts';

const REFRESH_EVERY_MS = 2000;
/** After failures the pauses double up to this. */
const REFRESH_PAUSE_MAX_MS = 30_000;

type Status = SeatReport['seats'][number]['status'];

export class Availability {
  /** By seat id; only of the sections that were asked for. */
  statuses: ReadonlyMap<string, Status> = $state.raw(new Map());
  sections: ReadonlyMap<string, SectionStatus> = $state.raw(new Map());
  /** The last refresh failed: what is shown may be old. */
  stale = $state(false);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #abort = new AbortController();
  #failures = 0;

  constructor(
    private readonly eventId: string,
    initial: readonly SectionStatus[],
    private readonly onReport: (report: SeatReport) => void,
  ) {
    this.sections = new Map(initial.map((section) => [section.id, section]));
  }

  /** Follow one section, or with `undefined` all of them, from now on; returns how to stop. */
  follow(sectionId: string | undefined): () => void {
    this.stop();
    this.#abort = new AbortController();
    void this.#refresh(sectionId, this.#abort.signal);
    return () => this.stop();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#abort.abort();
  }

  async #refresh(sectionId: string | undefined, signal: AbortSignal): Promise<void> {
    if (document.visibilityState === 'visible') {
      const report = await this.#ask(sectionId, signal);
      if (signal.aborted) return;
      if (report) this.#take(report);
      this.#failures = report ? 0 : this.#failures + 1;
      this.stale = this.#failures > 1;
    }
    this.#timer = setTimeout(() => void this.#refresh(sectionId, signal), this.#pauseMs());
  }

  /** Straight from the API: the edge keeps this answer for a second, for everybody. */
  async #ask(sectionId: string | undefined, signal: AbortSignal): Promise<SeatReport | undefined> {
    const query = sectionId === undefined ? '' : `?${new URLSearchParams({ section: sectionId })}`;
    try {
      const response = await fetch(`/api/events/${encodeURIComponent(this.eventId)}/seats${query}`, {
        signal,
      });
      return response.ok ? ((await response.json()) as SeatReport) : undefined;
    } catch {
      return undefined; // counted by the caller: the plan stays usable and says that it may be old
    }
  }

  #take(report: SeatReport): void {
    this.statuses = new Map([
      ...this.statuses,
      ...report.seats.map(({ id, status }): [string, Status] => [id, status]),
    ]);
    this.sections = new Map([
      ...this.sections,
      ...report.sections.map((section): [string, SectionStatus] => [section.id, section]),
    ]);
    this.onReport(report);
  }

  /** Spread over half a period, so that a full house does not ask in step. */
  #pauseMs(): number {
    const base = Math.min(REFRESH_EVERY_MS * 2 ** this.#failures, REFRESH_PAUSE_MAX_MS);
    return base * (0.75 + Math.random() / 2);
  }
}

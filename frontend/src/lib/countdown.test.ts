import { describe, expect, it } from 'vitest';
import { announcementAt, remainingMs } from './countdown.ts';

const EXPIRES_AT = '2026-12-01T20:10:00Z';
const SERVER_NOW_MS = Date.parse('2026-12-01T20:00:00Z');

describe('what is left', () => {
  it('counts by the server’s clock, whatever the visitor’s says', () => {
    expect(remainingMs(EXPIRES_AT, SERVER_NOW_MS, 0)).toBe(600_000);
    expect(remainingMs(EXPIRES_AT, SERVER_NOW_MS, 90_000)).toBe(510_000);
  });

  it('ends at zero', () => {
    expect(remainingMs(EXPIRES_AT, SERVER_NOW_MS, 700_000)).toBe(0);
  });
});

describe('what is said aloud', () => {
  it('changes once a minute, and for the last half minute', () => {
    expect(announcementAt(600_000)).toEqual({ minutes: 10 });
    expect(announcementAt(540_001)).toEqual({ minutes: 10 });
    expect(announcementAt(540_000)).toEqual({ minutes: 9 });
    expect(announcementAt(30_001)).toEqual({ minutes: 1 });
    expect(announcementAt(30_000)).toBe('last-seconds');
    expect(announcementAt(0)).toBe('last-seconds');
  });
});

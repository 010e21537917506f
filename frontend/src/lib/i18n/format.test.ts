import { describe, expect, it } from 'vitest';
import { calendarLeaf, formatCount, formatDay, formatMoney, formatRemaining, formatTime } from './format.ts';

/** Half past midnight in Madrid, still the day before in UTC and in London. */
const MIDNIGHT_SHOW = '2026-12-05T23:30:00Z';

/** Intl puts no-break spaces where we compare plain ones. */
function plain(text: string): string {
  return text.replace(/[\u00a0\u202f]/g, ' ');
}

describe('money', () => {
  it.each([
    [4550, 'es', '45,50 €'],
    [4500, 'es', '45 €'],
    [4550, 'en', '€45.50'],
    [0, 'en', '€0'],
    [123_456_789, 'es', '1.234.567,89 €'],
  ] as const)('%d cents in %s is %s', (cents, language, text) => {
    expect(plain(formatMoney(cents, 'EUR', language))).toBe(text);
  });
});

describe('dates', () => {
  it('are the venue’s, not the reader’s', () => {
    expect(formatDay(MIDNIGHT_SHOW, 'Europe/Madrid', 'es')).toBe('domingo, 6 de diciembre de 2026');
    expect(formatDay(MIDNIGHT_SHOW, 'Europe/London', 'en')).toMatch(/^Saturday,? 5 December 2026$/);
    expect(formatTime(MIDNIGHT_SHOW, 'Europe/Madrid', 'es')).toBe('00:30');
    expect(formatTime(MIDNIGHT_SHOW, 'Atlantic/Canary', 'es')).toBe('23:30');
  });

  it('fill a calendar leaf', () => {
    expect(calendarLeaf(MIDNIGHT_SHOW, 'Europe/Madrid', 'es')).toEqual({
      day: '6',
      month: 'dic',
      weekday: 'dom',
    });
  });
});

describe('counts and time left', () => {
  it('group thousands', () => {
    expect(formatCount(1460, 'es')).toBe('1.460');
    expect(formatCount(1460, 'en')).toBe('1,460');
  });

  it('count down to the last second', () => {
    expect(formatRemaining(600_000)).toBe('10:00');
    expect(formatRemaining(59_001)).toBe('01:00');
    expect(formatRemaining(1)).toBe('00:01');
    expect(formatRemaining(-5)).toBe('00:00');
  });
});

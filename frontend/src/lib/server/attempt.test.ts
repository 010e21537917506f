import { describe, expect, it } from 'vitest';
import { attemptOf, newAttempt } from './attempt.ts';

describe('the key of an attempt to pay', () => {
  it('is the form’s own, so that sending it twice is one order', () => {
    const attempt = newAttempt();
    expect(attemptOf(attempt)).toBe(attempt);
  });

  it('is another one for every page', () => {
    expect(newAttempt()).not.toBe(newAttempt());
  });

  it.each([
    '',
    'short',
    'with a space in it',
    'línea-con-acento-0001',
    'a'.repeat(256),
    'line\nbreak-0000000000',
  ])('is never %j', (given) => {
    expect(attemptOf(given)).not.toBe(given);
    expect(attemptOf(given)).toMatch(/^[\x21-\x7e]{16,255}$/);
  });
});

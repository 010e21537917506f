import { describe, expect, it } from 'vitest';
import { languageOfPath, preferredLanguage } from './index.ts';

describe('the language of an address', () => {
  it.each([
    ['/es', 'es'],
    ['/en/events/1', 'en'],
    ['/english', undefined],
    ['/', undefined],
    ['/fr/events', undefined],
  ])('%s: %s', (path, language) => {
    expect(languageOfPath(path)).toBe(language);
  });
});

describe('the language a browser prefers', () => {
  it.each([
    ['en-GB,en;q=0.9,es;q=0.8', 'en'],
    ['fr-FR, es;q=0.4, en;q=0.6', 'en'],
    ['ca, es-ES;q=0.9', 'es'],
    ['en;q=0, es;q=0.1', 'es'],
    ['de', 'es'],
    ['', 'es'],
    [null, 'es'],
    ['en;q=nonsense', 'es'],
  ])('%s: %s', (header, language) => {
    expect(preferredLanguage(header)).toBe(language);
  });
});

import { describe, expect, it } from 'vitest';
import { safeReturn } from './return-url.ts';

describe('where to go after signing in', () => {
  it.each(['/es', '/es/events/1?seats=a-1,a-2#seats', '/en/holds/7?x=%2F%2Fevil.example'])(
    '%s is ours',
    (path) => {
      expect(safeReturn(path, '/es')).toBe(path);
    },
  );

  it.each([
    null,
    '',
    'es/events',
    'https://evil.example/',
    '//evil.example',
    '/\\evil.example',
    '/\t/evil.example',
    '\n//evil.example',
    '/es/..//evil.example',
    '/.//evil.example',
    'javascript:alert(1)',
    '//user@evil.example/es',
  ])('%j is not', (wanted) => {
    expect(safeReturn(wanted, '/es')).toBe('/es');
  });
});

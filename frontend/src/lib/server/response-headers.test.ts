import { describe, expect, it } from 'vitest';
import { PUBLIC_PAGE, secure } from './response-headers.ts';

function answered(init: { method?: string; status?: number; headers?: Record<string, string> }): Headers {
  const request = new Request('http://taquilla.test/es', { method: init.method ?? 'GET' });
  const response = new Response(null, { status: init.status ?? 200, headers: init.headers ?? {} });
  return secure(request, response, 'request-1').headers;
}

describe('who may keep an answer', () => {
  it('everybody, when its page says that it is public', () => {
    expect(answered({ headers: PUBLIC_PAGE }).get('cache-control')).toBe('public, max-age=10');
  });

  it.each([
    ['it says nothing', {}],
    ['it answers a form', { method: 'POST', headers: PUBLIC_PAGE }],
    ['it sets a cookie', { headers: { ...PUBLIC_PAGE, 'set-cookie': '__Host-access=x' } }],
    ['it reports that something is missing', { status: 404, headers: PUBLIC_PAGE }],
    ['it reports an error', { status: 503, headers: PUBLIC_PAGE }],
    ['it leads elsewhere', { status: 303, headers: PUBLIC_PAGE }],
  ])('nobody, when %s', (_when, init) => {
    expect(answered(init).get('cache-control')).toBe('private, no-store');
  });
});

describe('security headers', () => {
  it('are on every answer', () => {
    const headers = answered({ status: 500 });
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('x-frame-options')).toBe('DENY');
    expect(headers.get('x-request-id')).toBe('request-1');
  });

  it('leave stricter or deliberate ones alone', () => {
    expect(answered({ headers: { 'x-frame-options': 'SAMEORIGIN' } }).get('x-frame-options')).toBe(
      'SAMEORIGIN',
    );
  });
});

import { describe, expect, it, vi } from 'vitest';
import { PublicCache, publicLifetimeMs } from './public-cache.ts';

const URL_ONE = 'http://api.test/api/events';

function answers(cacheControl: string, status = 200) {
  let count = 0;
  return vi.fn(() => {
    count += 1;
    const headers = { 'cache-control': cacheControl, 'content-type': 'application/json' };
    return Promise.resolve(new Response(`"answer ${count}"`, { status, headers }));
  });
}

async function ask(cache: PublicCache, fetch: (request: Request) => Promise<Response>, url = URL_ONE) {
  return (await cache.fetch(new Request(url), fetch)).json() as Promise<unknown>;
}

describe('lifetime', () => {
  it.each([
    ['public, max-age=30', 30_000],
    ['max-age=1, Public', 1000],
    ['max-age=30', 0],
    ['private, max-age=30', 0],
    ['public, no-store, max-age=30', 0],
    ['public', 0],
    [null, 0],
  ])('%s: %d ms', (header, lifetimeMs) => {
    expect(publicLifetimeMs(header)).toBe(lifetimeMs);
  });
});

describe('public cache', () => {
  it('answers again until the answer is too old', async () => {
    let nowMs = 0;
    const cache = new PublicCache(10, () => nowMs);
    const fetch = answers('public, max-age=2');
    expect(await ask(cache, fetch)).toBe('answer 1');
    nowMs = 1999;
    expect(await ask(cache, fetch)).toBe('answer 1');
    nowMs = 2000;
    expect(await ask(cache, fetch)).toBe('answer 2');
  });

  it('asks once however many wait', async () => {
    const cache = new PublicCache(10);
    const fetch = answers('public, max-age=1');
    await Promise.all(Array.from({ length: 50 }, () => ask(cache, fetch)));
    expect(fetch).toHaveBeenCalledTimes(1);
  });

  it.each(['private, no-store', 'max-age=60', ''])('keeps nothing that says %j', async (cacheControl) => {
    const cache = new PublicCache(10);
    const fetch = answers(cacheControl);
    await ask(cache, fetch);
    expect(await ask(cache, fetch)).toBe('answer 2');
  });

  it('keeps no error', async () => {
    const cache = new PublicCache(10);
    const fetch = answers('public, max-age=60', 503);
    await ask(cache, fetch);
    expect(await ask(cache, fetch)).toBe('answer 2');
  });

  it('keeps a bounded number of answers, the newest', async () => {
    const cache = new PublicCache(2);
    const fetch = answers('public, max-age=60');
    for (const page of ['a', 'b', 'c']) await ask(cache, fetch, `${URL_ONE}?${page}`);
    await ask(cache, fetch, `${URL_ONE}?c`);
    expect(fetch).toHaveBeenCalledTimes(3);
    await ask(cache, fetch, `${URL_ONE}?a`);
    expect(fetch).toHaveBeenCalledTimes(4);
  });
});

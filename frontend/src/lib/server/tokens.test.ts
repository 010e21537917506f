import { describe, expect, it, vi } from 'vitest';
import { Refresher, expiresAtMs, type Tokens } from './tokens.ts';

const NOW_MS = 1_800_000_000_000;

function jwt(expiresInS: number): string {
  const payload = JSON.stringify({ exp: NOW_MS / 1000 + expiresInS });
  return `e30.${Buffer.from(payload).toString('base64url')}.signature`;
}

function tokens(expiresInS: number, refreshToken = 'refresh-1'): Tokens {
  return { accessToken: jwt(expiresInS), refreshToken };
}

describe('expiry of a token', () => {
  it('is its exp claim', () => {
    expect(expiresAtMs(jwt(300))).toBe(NOW_MS + 300_000);
  });

  it.each([
    '',
    'no-jwt',
    'a.b.c',
    'e30.e30.x',
    `e30.${Buffer.from('{"exp":"soon"}').toString('base64url')}.x`,
  ])('of %j is long ago', (text) => {
    expect(expiresAtMs(text)).toBe(0);
  });
});

describe('refreshing', () => {
  const refresher = (): Refresher => new Refresher(() => NOW_MS);

  it('leaves a token alone that lasts', async () => {
    const exchange = vi.fn();
    const kept = tokens(61);
    expect(await refresher().fresh(kept, exchange)).toBe(kept);
    expect(exchange).not.toHaveBeenCalled();
  });

  it('exchanges a token about to expire', async () => {
    const fresh = tokens(3600, 'refresh-2');
    const exchange = vi.fn().mockResolvedValue(fresh);
    expect(await refresher().fresh(tokens(59), exchange)).toBe(fresh);
    expect(exchange).toHaveBeenCalledExactlyOnceWith('refresh-1');
  });

  it('asks once for a session however many requests notice, also just afterwards', async () => {
    const single = refresher();
    const exchange = vi.fn().mockResolvedValue(tokens(3600));
    await Promise.all(Array.from({ length: 20 }, () => single.fresh(tokens(0), exchange)));
    await single.fresh(tokens(0), exchange);
    expect(exchange).toHaveBeenCalledTimes(1);
  });

  it('without it, every request would ask (control)', async () => {
    const exchange = vi.fn().mockResolvedValue(tokens(3600));
    await Promise.all(Array.from({ length: 20 }, () => refresher().fresh(tokens(0), exchange)));
    expect(exchange).toHaveBeenCalledTimes(20);
  });

  it('never gives one session the answer of another', async () => {
    const single = refresher();
    const exchange = vi.fn((refreshToken: string) => Promise.resolve(tokens(3600, `${refreshToken}-next`)));
    const [one, other] = await Promise.all([
      single.fresh(tokens(0, 'ana'), exchange),
      single.fresh(tokens(0, 'luis'), exchange),
    ]);
    expect(one.refreshToken).toBe('ana-next');
    expect(other.refreshToken).toBe('luis-next');
  });

  it('does not remember a failure', async () => {
    const single = refresher();
    const exchange = vi.fn().mockRejectedValueOnce(new Error('away')).mockResolvedValue(tokens(3600));
    await expect(single.fresh(tokens(0), exchange)).rejects.toThrow('away');
    await expect(single.fresh(tokens(0), exchange)).resolves.toBeDefined();
  });
});

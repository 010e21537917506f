import { describe, expect, it } from 'vitest';
import { withPictures } from './mailbox.ts';

describe('pictures of a message', () => {
  const content = new Uint8Array([1, 2, 3]).buffer;

  it('take the place of their cid: addresses', () => {
    const picture = { contentId: '<qr-1@taquilla>', mimeType: 'image/png' as const, content };
    expect(withPictures('<img src="cid:qr-1@taquilla">', [picture])).toBe(
      '<img src="data:image/png;base64,AQID">',
    );
  });

  it('are left alone without an id', () => {
    expect(withPictures('<img src="cid:x">', [{ mimeType: 'image/png', content }])).toBe('<img src="cid:x">');
  });
});

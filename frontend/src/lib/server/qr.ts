/** A QR code as one SVG path, drawn on the server: nothing about a ticket leaves for anywhere else. */
import { encode } from 'uqr';

export interface QrCode {
  /** Modules a side, without the quiet zone. */
  readonly size: number;
  readonly path: string;
}

export function qrCode(text: string): QrCode {
  const { size, data } = encode(text, { ecc: 'M', border: 0 });
  return { size, path: data.map(rowPath).join('') };
}

/** Runs of dark modules as rectangles of height 1. */
function rowPath(row: boolean[], y: number): string {
  let path = '';
  for (let x = 0; x < row.length; x += 1) {
    if (!row[x]) continue;
    const light = row.indexOf(false, x);
    const end = light === -1 ? row.length : light;
    path += `M${x} ${y}h${end - x}v1h${x - end}z`;
    x = end;
  }
  return path;
}

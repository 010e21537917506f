/** Where to go after signing in: a place on this site, whatever the address asked for. */

const HERE = 'http://here.invalid';

/**
 * The path, query and fragment of `wanted` if it is a path on this site, else `fallback`.
 *
 * "//evil.example", "/\evil.example" and addresses with a scheme lead elsewhere, and browsers drop tabs and
 * line breaks inside an address: what the URL parser makes of it decides, not its first characters.
 */
export function safeReturn(wanted: string | null, fallback: string): string {
  if (!wanted?.startsWith('/')) return fallback;
  const url = URL.parse(wanted, HERE);
  if (url?.origin !== HERE) return fallback;
  const path = url.pathname + url.search + url.hash;
  return path.startsWith('//') ? fallback : path;
}

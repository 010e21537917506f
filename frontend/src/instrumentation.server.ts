/**
 * Runs before adapter-node reads its settings.
 *
 * The edge ends TLS and passes `Host` on, so the page's origin, which the check against cross-site
 * form posts compares with, is the protocol that the edge reports and that host. This is why one
 * build serves http://localhost:8080, http://127.0.0.1:8080 and the public address alike.
 */
process.env.PROTOCOL_HEADER ??= 'x-forwarded-proto';

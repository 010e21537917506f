/** Around every request: its identity, the headers of its answer, and what is said of its errors. */
import { randomUUID } from 'node:crypto';
import type { Handle, HandleServerError } from '@sveltejs/kit/hooks';
import { DEFAULT_LANGUAGE, languageOfPath } from '#lib/i18n/index.ts';
import { apiClient, forwardedHeaders } from '#lib/server/api.ts';
import { logError } from '#lib/server/log.ts';
import { ApiProblem } from '#lib/server/problem.ts';
import { secure } from '#lib/server/response-headers.ts';

/** Visible ASCII of a sane length: it ends up in headers and log lines. */
const REQUEST_ID = /^[\x21-\x7e]{1,128}$/;

/**
 * What an error of the API means for the page that met it. Pages that need a subject have asked for one by
 * now, so 401 says that it does not suffice; and nothing in what a page sends can be invalid but the ids of
 * its address.
 */
const PAGE_STATUS: Readonly<Record<number, number>> = { 401: 403, 422: 404 };

export const handle: Handle = async ({ event, resolve }) => {
  const given = event.request.headers.get('x-request-id') ?? '';
  const correlationId = REQUEST_ID.test(given) ? given : randomUUID();
  event.locals.correlationId = correlationId;
  event.locals.api = apiClient(forwardedHeaders(event.request.headers, correlationId));
  const language = languageOfPath(event.url.pathname) ?? DEFAULT_LANGUAGE;
  const response = await resolve(event, {
    transformPageChunk: ({ html }) => html.replace('%lang%', language),
  });
  return secure(event.request, response, correlationId);
};

export const handleError: HandleServerError = ({ kind, error, event }) => {
  const { correlationId } = event.locals;
  if (error instanceof ApiProblem) {
    if (error.status >= 500) logError(error, event);
    return {
      status: PAGE_STATUS[error.status] ?? error.status,
      message: error.code,
      code: error.code,
      correlationId,
    };
  }
  if (kind === 'unknown') logError(error, event);
  return { correlationId };
};

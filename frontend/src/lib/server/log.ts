/** One JSON line an error, to standard output. Nothing of a visitor: no query, no form, no token. */
import type { RequestEvent } from '@sveltejs/kit';
import { INSTANCE, SERVICE_NAME } from '$app/env/private';

export function logError(error: unknown, event: RequestEvent): void {
  const record = {
    time: new Date().toISOString(),
    level: 'error',
    service: SERVICE_NAME,
    instance: INSTANCE,
    correlation_id: event.locals.correlationId,
    method: event.request.method,
    route: event.route.id,
    message: error instanceof Error ? error.message : 'not an error object',
    cause: causeOf(error),
    stack: error instanceof Error ? error.stack : undefined,
  };
  process.stdout.write(`${JSON.stringify(record)}\n`);
}

/** "TimeoutError", "ECONNREFUSED": the name or code at the end of the chain of causes. */
function causeOf(error: unknown): string | undefined {
  let last = error;
  while (last instanceof Error && last.cause) last = last.cause;
  if (!(last instanceof Error) || last === error) return undefined;
  return 'code' in last && typeof last.code === 'string' ? last.code : last.name;
}

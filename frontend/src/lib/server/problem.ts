/** The API's errors (RFC 9457 problem documents) as one exception. */

const CODE_UNREACHABLE = 'unavailable';

export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';

  /** `members` are the document's own extensions, such as `hold_id`; never to be shown as they are. */
  constructor(
    readonly status: number,
    readonly code: string,
    readonly members: Readonly<Record<string, unknown>> = {},
    options?: ErrorOptions,
  ) {
    super(`${status} ${code}`, options);
  }

  /** Read a problem document; a body that is none still gives a status to act on. */
  static of(status: number, body: unknown): ApiProblem {
    const members = isRecord(body) ? body : {};
    const code = typeof members.code === 'string' ? members.code : codeOf(status);
    return new ApiProblem(status, code, members);
  }

  /** No answer: refused, reset, or past the deadline. */
  static unreachable(cause: unknown): ApiProblem {
    return new ApiProblem(503, CODE_UNREACHABLE, {}, { cause });
  }
}

function codeOf(status: number): string {
  if (status === 429) return 'too_many_requests';
  return status >= 500 ? CODE_UNREACHABLE : 'unexpected';
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

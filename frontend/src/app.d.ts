import type { Api } from '#lib/server/api.ts';

declare global {
  namespace App {
    interface Error {
      status: number;
      message: string;
      /** The stable code of the API's problem, when one was the cause. */
      code?: string;
      correlationId?: string;
    }
    interface Locals {
      /** Of this request: in every log line, every call and every error page. */
      correlationId: string;
      /** Calls without a subject. */
      api: Api;
    }
  }
}

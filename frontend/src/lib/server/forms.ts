/** Reading forms, and answering them with the API's problems instead of an error page. */
import { fail, type ActionFailure } from '@sveltejs/kit';
import { ApiProblem } from './problem.ts';

/** A text field; empty when it is missing or a file. */
export function field(form: FormData, name: string): string {
  const value = form.get(name);
  return typeof value === 'string' ? value : '';
}

export function fields(form: FormData, name: string): string[] {
  return form.getAll(name).filter((value) => typeof value === 'string');
}

export interface Problem {
  readonly code: string;
}

/**
 * Answer a form with the problem that its call met, beside what was typed, so that nothing is lost.
 * Anything that is not the API's problem is thrown on.
 */
export function failed<Kept extends object>(problem: unknown, kept: Kept): ActionFailure<Kept & Problem> {
  if (!(problem instanceof ApiProblem)) throw problem;
  return fail(problem.status, { ...kept, code: problem.code });
}

import { describe, expect, it } from 'vitest';
import { ApiProblem } from './problem.ts';

describe('reading a problem document', () => {
  it('keeps its stable code and its own members', () => {
    const problem = ApiProblem.of(409, { code: 'hold_exists', hold_id: '7' });
    expect(problem).toMatchObject({ status: 409, code: 'hold_exists', members: { hold_id: '7' } });
  });

  it.each([
    [502, '<html>bad gateway</html>', 'unavailable'],
    [503, undefined, 'unavailable'],
    [429, '', 'too_many_requests'],
    [418, [], 'unexpected'],
    [400, { code: 7 }, 'unexpected'],
  ])('makes one of a %d without a document', (status, body, code) => {
    expect(ApiProblem.of(status, body)).toMatchObject({ status, code });
  });

  it('says 503 when nobody answers', () => {
    expect(ApiProblem.unreachable(new Error('refused'))).toMatchObject({ status: 503, code: 'unavailable' });
  });
});

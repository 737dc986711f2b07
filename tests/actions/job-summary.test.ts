import { describe, expect, it } from 'vitest';
import { infraResult } from '../../actions/evaluate/src/infra-result.ts';
import { jobSummary } from '../../actions/evaluate/src/job-summary.ts';
import { Result } from '../../app/evaluations/schema.ts';
import { aClaim, aResult } from './ports.ts';

describe('the job summary', () => {
  it('escapes every text', () => {
    const summary = jobSummary(
      aResult({
        verdict: {
          status: 'rejected',
          reason: 'op_error',
          detail: '<img src=x> [a](b) | **c** @user\n# big',
        },
        gates: [{ name: 'g', length: 1, input: '<b>|x', value: null, limit: 1, pass: false }],
      }),
    );
    expect(summary).toContain('## Evaluation 7: rejected (op_error)');
    expect(summary).not.toMatch(/<(img|b)/);
    expect(summary).toContain('\\@user \\# big');
    expect(summary).toContain('| g | &lt;b&gt;\\|x | 1 | not finite | 1 |');
  });
});

describe('the infra result', () => {
  it('is valid, names the content that was to be judged and carries no figure', () => {
    const result = infraResult(aClaim(), {
      commit: 'c'.repeat(40),
      detail: 'x'.repeat(9000),
      keySha256: null,
    });
    expect(Result.safeParse(result).success).toBe(true);
    expect(result.verdict.detail).toHaveLength(4000);
    expect(result.measurements).toEqual([]);
    // sha256 over "path \0 sha256hex \n" of a.py to e.py, each holding "x = 1\n"
    expect(result.digest).toBe('c478e7c1449c1e59844be7af175ca227917fa473855416fa330d27c34e2ce574');
  });
});

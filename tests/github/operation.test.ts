import { expect, it } from 'vitest';
import type { Operation, ParametersOf } from '../../app/github/operation.ts';
import * as op from '../../app/github/operations.ts';

/** Stands for a call; what matters here is whether it compiles. */
const call = <P, A>(operation: Operation<P, A>, parameters: NoInfer<P>) => ({ operation, parameters });

it('does not compile with a misspelt, missing or wrong parameter', () => {
  const at = { owner: 'miner', repo: 'fla' };
  // @ts-expect-error: `sha` is no parameter of a tree
  call(op.getTree, { ...at, sha: 'a' });
  // @ts-expect-error: `recursively` is no parameter of a tree
  call(op.getTree, { ...at, tree_sha: 'a', recursively: '1' });
  // @ts-expect-error: a check-run needs its commit
  call(op.createCheckRun, { ...at, name: 'n' });
  // @ts-expect-error: no such status
  call(op.createCheckRun, { ...at, name: 'n', head_sha: 'a', status: 'done' });
  // @ts-expect-error: `return_run_detail` is misspelt
  call(op.dispatchWorkflow, { ...at, workflow_id: 'e.yml', ref: 'main', return_run_detail: true });
  const narrowed: ParametersOf<'POST', '/app/installations/{installation_id}/access_tokens'> = {
    installation_id: 1,
    // @ts-expect-error: no such permission
    permissions: { check: 'write' },
  };
  expect(narrowed.installation_id).toBe(1);
});

/** A repository with a workflow and an action small enough to see through, for tests of the double. */
export const ACTION_FILES = {
  '.github/workflows/evaluate.yml': `name: evaluate
run-name: evaluation \${{ inputs.evaluation }}
on:
  workflow_dispatch:
    inputs:
      evaluation: { required: true, type: string }
      mode: { required: true, type: string }
      labels: { required: true, type: string, default: '["self-hosted"]' }
permissions: { contents: read, id-token: write }
jobs:
  evaluate:
    runs-on: \${{ fromJSON(inputs.labels) }}
    timeout-minutes: 60
    steps:
      - uses: actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2
        with: { persist-credentials: false }
      - uses: ./actions/tiny
        with:
          evaluation: \${{ inputs.evaluation }}
          mode: \${{ inputs.mode }}
`,
  'actions/tiny/action.yml': `name: tiny
description: says who it is
inputs:
  evaluation: { required: true }
  mode: { required: true }
runs: { using: node20, main: main.mjs, post: post.mjs }
`,
  'actions/tiny/main.mjs': `import { appendFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
const { INPUT_EVALUATION, INPUT_MODE, GITHUB_RUN_ID, ACTIONS_ID_TOKEN_REQUEST_URL, ACTIONS_ID_TOKEN_REQUEST_TOKEN } = process.env;
console.log('::add-mask::hunter2');
console.log('secret is hunter2');
console.log('evaluation ' + INPUT_EVALUATION + ' run ' + GITHUB_RUN_ID);
appendFileSync(process.env.GITHUB_STATE, 'note=kept\\n');
const reply = await fetch(ACTIONS_ID_TOKEN_REQUEST_URL + '&audience=referee', {
  headers: { authorization: 'Bearer ' + ACTIONS_ID_TOKEN_REQUEST_TOKEN },
});
const { value } = await reply.json();
console.log('claims ' + Buffer.from(value.split('.')[1], 'base64url').toString());
if (INPUT_MODE === 'fail') process.exitCode = 1;
if (INPUT_MODE === 'hang') {
  process.on('SIGINT', () => console.log('interrupted'));
  const child = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' });
  console.log('sleeper ' + child.pid);
  setInterval(() => {}, 1000);
}
`,
  'actions/tiny/post.mjs': `console.log('post saw state ' + process.env.STATE_note);
`,
};

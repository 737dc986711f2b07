/** README of the operator repository. */
export const OPERATOR_README = `# Operator repository of a Quasar Referee

Written by \`operator init\`; do not edit it here, because the next \`init\` writes it anew.

| folder | holds |
|---|---|
| \`.github/workflows/evaluate.yml\` | the one workflow, started by the Referee |
| \`actions/evaluate/\` | the Action: claims an evaluation, starts the judge, posts the result |
| \`kernels/\` | the judge and the tasks |
| \`runner/\` | how to set up a runner, and \`doctor\`, which says whether a machine is fit |

Rules that keep results believable:

- The repository is private. It holds no secret, no other workflow, no cache and no trust of a cloud account.
- Nobody pushes to its default branch but the operator: whoever can may post any figure.
- Only commits pinned with \`operator pin\` may claim evaluations; a runner of another commit is answered 403.
- Runners are registered for this repository alone.
`;

/** The name of a workflow run, `run-name` of evaluate.yml: what is left of an evaluation when its run id was lost. */
export function runTitle(evaluationId: number): string {
  return `quasar evaluation ${evaluationId}`;
}

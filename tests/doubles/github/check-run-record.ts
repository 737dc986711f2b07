import type { App } from './apps.ts';
import type { CheckRunInput, InputAnnotation } from './check-run-limits.ts';
import type { Json } from './repositories.ts';

export interface CheckRun {
  readonly id: number;
  readonly suiteId: number;
  readonly repositoryId: number;
  readonly app: App;
  readonly name: string;
  readonly headSha: string;
  externalId: string;
  detailsUrl: string;
  status: string;
  conclusion: string | null;
  startedAt: string | null;
  completedAt: string | null;
  output: { title: string | null; summary: string | null; text: string | null };
  readonly annotations: InputAnnotation[];
  actions: readonly Json[];
}

/** Takes over what a create or update call says; annotations are appended (docs, Update a check run). */
export function apply(run: CheckRun, input: CheckRunInput): void {
  if (input.external_id !== undefined) run.externalId = input.external_id;
  if (input.details_url !== undefined) run.detailsUrl = input.details_url;
  if (input.started_at !== undefined) run.startedAt = input.started_at;
  if (input.actions !== undefined) run.actions = input.actions;
  if (input.output) {
    const { title, summary, text, annotations = [] } = input.output;
    run.output = {
      title: title ?? run.output.title,
      summary: summary ?? run.output.summary,
      text: text ?? run.output.text,
    };
    run.annotations.push(...annotations);
  }
  // A conclusion completes the run whatever the status says.
  if (input.conclusion !== undefined) {
    run.status = 'completed';
    run.conclusion = input.conclusion;
    run.completedAt = input.completed_at ?? new Date().toISOString();
  } else if (input.status !== undefined && input.status !== run.status) {
    run.status = input.status;
    run.conclusion = null;
    run.completedAt = null;
  }
}

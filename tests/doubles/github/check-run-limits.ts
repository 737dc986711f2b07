/** GitHub's limits of a check-run (docs, Create a check run), also checked where the OpenAPI extract is absent. */
import { Refusal } from './api.ts';
import type { Json } from './repositories.ts';

export interface InputAnnotation extends Json {
  readonly path: string;
  readonly start_line: number;
  readonly end_line: number;
  readonly annotation_level: string;
  readonly message: string;
}

export interface CheckRunInput {
  readonly name?: string;
  readonly head_sha?: string;
  readonly external_id?: string;
  readonly details_url?: string;
  readonly status?: string;
  readonly conclusion?: string;
  readonly started_at?: string;
  readonly completed_at?: string;
  readonly output?: {
    readonly title?: string;
    readonly summary?: string;
    readonly text?: string;
    readonly annotations?: readonly InputAnnotation[];
  };
  readonly actions?: readonly Json[];
}

const LONGEST_TEXT = 65_535;
const MOST_ANNOTATIONS = 50;
const LARGEST_MESSAGE_BYTES = 64 * 1024;
const LONGEST_TITLE = 255;
const MOST_ACTIONS = 3;
const ACTION_LENGTHS = { label: 20, description: 40, identifier: 20 };
const STATUSES = ['queued', 'in_progress', 'completed'];
const CONCLUSIONS = ['action_required', 'cancelled', 'failure', 'neutral', 'success', 'skipped', 'timed_out'];

/** Throws a `Refusal` with status 422 that names every rule broken. */
export function checkLimits(input: CheckRunInput, purpose: 'create' | 'update'): void {
  const errors = [
    ...stateErrors(input, purpose),
    ...outputErrors(input.output, purpose),
    ...actionErrors(input.actions ?? []),
  ];
  if (errors.length > 0) throw new Refusal(422, 'Invalid request.', errors);
}

function stateErrors({ name, head_sha, status, conclusion }: CheckRunInput, purpose: string): string[] {
  return [
    ...(purpose === 'create' && !name ? ['name is required'] : []),
    ...(purpose === 'create' && !head_sha ? ['head_sha is required'] : []),
    ...(status !== undefined && !STATUSES.includes(status) ? [`status ${status} is not allowed`] : []),
    ...(conclusion !== undefined && !CONCLUSIONS.includes(conclusion)
      ? [`conclusion ${conclusion} is not allowed`]
      : []),
    ...(status === 'completed' && conclusion === undefined ? ['completed needs a conclusion'] : []),
  ];
}

function outputErrors(output: CheckRunInput['output'], purpose: string): string[] {
  if (!output) return [];
  const { title, summary, text, annotations = [] } = output;
  return [
    ...(purpose === 'create' && !title ? ['output.title is required'] : []),
    ...(summary === undefined ? ['output.summary is required'] : []),
    ...((summary ?? '').length > LONGEST_TEXT ? ['output.summary exceeds 65535 characters'] : []),
    ...((text ?? '').length > LONGEST_TEXT ? ['output.text exceeds 65535 characters'] : []),
    ...(annotations.length > MOST_ANNOTATIONS ? ['output.annotations has more than 50 items'] : []),
    ...annotations.flatMap((annotation, at) => annotationErrors(annotation, at)),
  ];
}

function annotationErrors(annotation: InputAnnotation, at: number): string[] {
  const wrong = (what: string) => `output.annotations[${at}]: ${what}`;
  const { start_line, end_line, start_column, end_column, title } = annotation;
  return [
    ...(Buffer.byteLength(annotation.message) > LARGEST_MESSAGE_BYTES
      ? [wrong('message exceeds 64 KB')]
      : []),
    ...(typeof title === 'string' && title.length > LONGEST_TITLE ? [wrong('title exceeds 255')] : []),
    ...(start_line < 1 || end_line < start_line ? [wrong('lines are out of order')] : []),
    ...((start_column ?? end_column) !== undefined && start_line !== end_line
      ? [wrong('columns need start_line = end_line')]
      : []),
  ];
}

function actionErrors(actions: readonly Json[]): string[] {
  const tooLong = actions.flatMap((action, at) =>
    Object.entries(ACTION_LENGTHS)
      .filter(([field, limit]) => typeof action[field] !== 'string' || action[field].length > limit)
      .map(([field, limit]) => `actions[${at}].${field} must be a text of at most ${limit} characters`),
  );
  return [...(actions.length > MOST_ACTIONS ? ['actions has more than 3 items'] : []), ...tooLong];
}

/** A check-run as GitHub wants it, refused here where GitHub would cut, refuse or misunderstand it. */
import { refusedLocally } from './errors.ts';
import type { Annotation, CheckRunState } from './github.ts';

/** Source: GitHub's limits of check-runs. */
const TEXT_LIMIT = 65_535;
const ANNOTATION_LIMIT = 50;
const ACTION_LIMIT = 3;

/** The caller cuts texts and sends annotations in batches; an excess is its mistake and throws `invalid`. */
export function checkRunBody(state: CheckRunState) {
  const { output, annotations = [], actions = [] } = state;
  refuse(
    (state.status === 'completed') !== (state.conclusion !== undefined),
    'conclusion goes with `completed`',
  );
  refuse(
    annotations.length > ANNOTATION_LIMIT,
    `${annotations.length} annotations, at most ${ANNOTATION_LIMIT}`,
  );
  refuse(actions.length > ACTION_LIMIT, `${actions.length} actions, at most ${ACTION_LIMIT}`);
  refuse(output.summary.length > TEXT_LIMIT, `summary of ${output.summary.length} characters`);
  refuse((output.text?.length ?? 0) > TEXT_LIMIT, `text of ${output.text?.length} characters`);
  return {
    status: state.status,
    ...(state.conclusion === undefined ? {} : { conclusion: state.conclusion }),
    ...(state.detailsUrl === undefined ? {} : { details_url: state.detailsUrl }),
    output: {
      title: output.title,
      summary: output.summary,
      ...(output.text === undefined ? {} : { text: output.text }),
      ...(annotations.length === 0 ? {} : { annotations: annotations.map(toAnnotation) }),
    },
    ...(actions.length === 0 ? {} : { actions: actions.map((action) => ({ ...action })) }),
  };
}

function toAnnotation(annotation: Annotation) {
  return {
    path: annotation.path,
    start_line: annotation.startLine,
    end_line: annotation.endLine,
    annotation_level: annotation.level,
    title: annotation.title,
    message: annotation.message,
  };
}

function refuse(wrong: boolean, what: string): void {
  if (wrong) throw refusedLocally('invalid', `check-run not sent: ${what}`);
}

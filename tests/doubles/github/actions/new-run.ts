import type { Json } from '../repositories.ts';
import type { Job, Run, Workflow } from './run-record.ts';
import { expand, labelsOf, type WorkflowFile } from './workflow-file.ts';

const FIRST_RUN_ID = 9_000_001;
const FIRST_JOB_ID = 27_000_001;
/** More than any workflow of ours has. */
const JOB_IDS_PER_RUN = 100;

/** A queued run with its jobs; `serial` counts all runs, `number` those of the workflow. */
export function newRun(given: {
  readonly serial: number;
  readonly number: number;
  readonly workflow: Workflow;
  readonly file: WorkflowFile;
  readonly branch: string;
  readonly headSha: string;
  readonly inputs: Readonly<Record<string, string>>;
  readonly actor: Json;
}): Run {
  const { serial, file, inputs, workflow, branch } = given;
  const now = new Date().toISOString();
  const jobs = Object.entries(file.jobs).map(
    ([key, job], at): Job => ({
      id: FIRST_JOB_ID + serial * JOB_IDS_PER_RUN + at,
      key,
      name: job.name ?? key,
      labels: labelsOf(job, { inputs }),
      status: 'queued',
      conclusion: null,
      createdAt: now,
      startedAt: now,
      completedAt: null,
      runnerName: null,
      steps: [],
    }),
  );
  const runName = file['run-name'];
  return {
    ...given,
    id: FIRST_RUN_ID + serial,
    repositoryId: workflow.repositoryId,
    ref: `refs/heads/${branch}`,
    title: runName === undefined ? workflow.name : expand(runName, { inputs }),
    jobs,
    status: 'queued',
    conclusion: null,
    createdAt: now,
    updatedAt: now,
    log: [],
  };
}

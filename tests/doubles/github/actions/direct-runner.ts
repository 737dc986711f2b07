/** A runner without act: does the steps of a workflow's one job as the official runner would, for the demo and fast tests. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import type { JobResult, RunContext } from './executor.ts';
import { StepFiles } from './step-files.ts';
import { runStepProcess } from './step-process.ts';
import { type Contexts, expand, type Step } from './workflow-file.ts';

const scalar = z.union([z.string(), z.number(), z.boolean()]);
const javaScriptAction = z.object({
  inputs: z
    .record(z.string(), z.object({ default: scalar.optional(), required: z.boolean().optional() }))
    .default({}),
  runs: z.object({ using: z.string().regex(/^node\d+$/), main: z.string(), post: z.string().optional() }),
});

/** For `executor: { kind: 'direct', run: runDirectly }`. */
export async function runDirectly(context: RunContext): Promise<JobResult> {
  const jobs = Object.values(context.workflow.jobs);
  const [job] = jobs;
  if (!job || jobs.length !== 1)
    throw new Error('the direct runner takes workflows of exactly one job; run others with act');
  const contexts = contextsOf(context);
  const jobEnv = expandAll({ ...context.workflow.env, ...job.env }, contexts);
  const posts: (() => Promise<boolean>)[] = [];
  const files = new StepFiles(context.temp);
  let result: JobResult = 'success';
  for (const step of job.steps) {
    const name = step.name ?? step.uses ?? step.run ?? 'step';
    if (result === 'failure' || context.signal.aborted) {
      context.step({ name, conclusion: 'skipped' });
      continue;
    }
    const env = { ...context.env, ...jobEnv, ...expandAll(step.env, contexts), ...files.exported() };
    if (!(await runStep(step, context, contexts, env, files, posts))) result = 'failure';
    context.step({ name, conclusion: result });
  }
  for (const post of posts.reverse()) if (!(await post())) result = 'failure';
  return result;
}

async function runStep(
  step: Step,
  context: RunContext,
  contexts: Contexts,
  env: Record<string, string>,
  files: StepFiles,
  posts: (() => Promise<boolean>)[],
): Promise<boolean> {
  if (step.run !== undefined) {
    const script = expand(step.run, contexts);
    return runStepProcess(context, files, 'bash', ['-e', '-o', 'pipefail', '-c', script], env);
  }
  // The repository is checked out before the first step.
  if (step.uses?.startsWith('actions/checkout@')) return true;
  if (!step.uses?.startsWith('./'))
    throw new Error(`the direct runner cannot do a step with uses: ${step.uses}`);
  const folder = path.join(context.workdir, step.uses);
  const action = javaScriptAction.parse(parse(readFileSync(path.join(folder, 'action.yml'), 'utf8')));
  const actionEnv = {
    ...env,
    ...inputVariables(action.inputs, expandAll(step.with, contexts)),
    GITHUB_ACTION: path.basename(folder),
    GITHUB_ACTION_PATH: folder,
  };
  const { main, post } = action.runs;
  const run = (file: string, more: Record<string, string> = {}) =>
    runStepProcess(context, files, process.execPath, [path.join(folder, file)], { ...actionEnv, ...more });
  const succeeded = await run(main);
  const state = files.state();
  if (post !== undefined) posts.push(() => run(post, state));
  return succeeded;
}

/** `INPUT_*`, upper case with blanks as underscores (actions/toolkit, getInput). */
function inputVariables(
  declared: z.infer<typeof javaScriptAction>['inputs'],
  given: Record<string, string>,
): Record<string, string> {
  const defaults = Object.entries(declared).map(([name, input]) => [name, String(input.default ?? '')]);
  const inputs: Record<string, string> = { ...Object.fromEntries(defaults), ...given };
  return Object.fromEntries(
    Object.entries(inputs).map(([name, value]) => [
      `INPUT_${name.replaceAll(' ', '_').toUpperCase()}`,
      value,
    ]),
  );
}

function contextsOf({ inputs, env, workdir }: RunContext): Contexts {
  const named = (prefix: string) =>
    Object.fromEntries(
      Object.entries(env)
        .filter(([name]) => name.startsWith(prefix))
        .map(([name, value]) => [name.slice(prefix.length).toLowerCase(), value]),
    );
  return { inputs, env, github: { ...named('GITHUB_'), workspace: workdir }, runner: named('RUNNER_') };
}

function expandAll(
  values: Readonly<Record<string, string | number | boolean | null>>,
  contexts: Contexts,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, expand(String(value ?? ''), contexts)]),
  );
}

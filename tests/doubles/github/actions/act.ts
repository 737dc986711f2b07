/** Runs the committed workflow with nektos/act v0.2.87 in host mode: no Docker, the job's processes are ours. */
import { createInterface } from 'node:readline';
import type { JobResult, RunContext } from './executor.ts';

/** The toolkit's and git's variables come from act itself; these it must be told. */
const PASSED_ON =
  /^(ACTIONS_ID_TOKEN_REQUEST_|GITHUB_(API_URL|SERVER_URL|REPOSITORY|RUN_|WORKFLOW_|REF|SHA$)|RUNNER_ENVIRONMENT)/;

export async function runAct(actBinary: string, context: RunContext): Promise<JobResult> {
  const { env, workdir, temp } = context;
  const host = new URL(env.GITHUB_SERVER_URL ?? '').host;
  // act fills PATH, HOME and the workspace itself; whatever the runner adds goes to the job as well.
  const own = ['PATH', 'HOME', 'CI'];
  const passed = Object.entries(env).filter(
    ([name]) => PASSED_ON.test(name) || !(own.includes(name) || /^(GITHUB|RUNNER|ACTIONS)_/.test(name)),
  );
  const child = context.spawn(
    actBinary,
    [
      'workflow_dispatch',
      ...['-C', workdir],
      ...['-W', context.workflowPath],
      ...['-e', env.GITHUB_EVENT_PATH ?? ''],
      ...['-P', 'self-hosted=-self-hosted'],
      '--json',
      '--no-cache-server',
      ...['--action-cache-path', `${temp}/act-cache`],
      ...['--actor', context.actor],
      ...['--github-instance', host],
      ...passed.flatMap(([name, value]) => ['--env', `${name}=${value}`]),
      ...['-s', 'GITHUB_TOKEN=offline'],
    ],
    { cwd: workdir, env: { PATH: env.PATH ?? '', HOME: env.HOME ?? '' } },
  );
  if (!child.stdout || !child.stderr) throw new Error('act has no output');
  child.stderr.setEncoding('utf8').on('data', (text: string) => context.log(text));
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  for await (const line of createInterface({ input: child.stdout })) report(line, context);
  return (await ended) === 0 ? 'success' : 'failure';
}

function report(line: string, context: RunContext): void {
  context.log(line);
  let entry: { step?: string; stepResult?: string };
  try {
    entry = JSON.parse(line) as typeof entry;
  } catch {
    return;
  }
  if (entry.step && entry.stepResult) {
    const { stepResult } = entry;
    const conclusion = stepResult === 'success' || stepResult === 'skipped' ? stepResult : 'failure';
    context.step({ name: entry.step, conclusion });
  }
}

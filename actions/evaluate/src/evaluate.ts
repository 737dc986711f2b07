/** One job: claim, get upstream, judge, post. After a claim, every path ends in a posted result. */
import { mkdir, open, readFile, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { type Claim, Result } from '../../../app/evaluations/schema.ts';
import { type AppClient, appClient } from './app-client.ts';
import { infraResult } from './infra-result.ts';
import { type Inputs, readInputs } from './inputs.ts';
import { jobSummary } from './job-summary.ts';
import { judgeEnv } from './judge-env.ts';
import { type JudgeExit, runJudge } from './judge-process.ts';
import type { Ports } from './ports.ts';
import { type ProgressStream, progressStream } from './progress-stream.ts';
import { oneLine, printUntrusted } from './untrusted-text.ts';

const UPSTREAM_LIMIT_MS = 15 * 60_000;
/** The judge keeps the task's own limit; this is for one that hangs. */
const JUDGE_SPARE_MS = 120_000;
const MAX_RESULT_BYTES = 8 * 1024 * 1024;
/** A cancelled job is killed within seconds. */
const CANCELLED_RESULT_MS = 3_000;

/** Never throws: what goes wrong ends in `core.setFailed`, and after a claim in a posted `infra` result first. */
export async function evaluate(ports: Ports): Promise<void> {
  const { core } = ports;
  try {
    const inputs = readInputs(ports);
    const client = appClient(ports, inputs);
    const claim = await client.claim();
    if (claim === 'taken') {
      core.info(`evaluation ${inputs.evaluation} is claimed by another run: nothing to do here`);
      return;
    }
    core.info(
      `claimed evaluation ${claim.evaluation}, task ${oneLine(claim.task.name)}, target length ${claim.targetLength}`,
    );
    await judgeAndPost(ports, inputs, client, claim);
  } catch (error) {
    core.setFailed(oneLine((error as Error).message));
  }
}

async function judgeAndPost(ports: Ports, inputs: Inputs, client: AppClient, claim: Claim): Promise<void> {
  const stream = progressStream(ports, client, claim);
  let result: Result;
  let failure: string | null = null;
  try {
    result = await judge(ports, inputs, claim, stream);
  } catch (error) {
    failure = oneLine((error as Error).message);
    result = infraResult(claim, { commit: inputs.commit, detail: failure, keySha256: stream.keySha256() });
  }
  await stream.close();
  await client.result(result, ports.cancelled.aborted ? CANCELLED_RESULT_MS : undefined);
  ports.core.info(`posted: ${result.verdict.status} (${result.verdict.reason})`);
  await writeSummary(ports, result);
  if (failure !== null) ports.core.setFailed(failure);
}

/** The judge's result; throws with the reason (for the operator) when there is none. */
async function judge(ports: Ports, inputs: Inputs, claim: Claim, stream: ProgressStream): Promise<Result> {
  const folder = path.join(inputs.tempDir, `quasar-${claim.evaluation}-${ports.randomWord()}`);
  const claimFile = path.join(folder, 'claim.json');
  const resultFile = path.join(folder, 'result.json');
  await mkdir(folder, { mode: 0o700 });
  try {
    await writePrivate(claimFile, JSON.stringify(claim));
    const upstream = await getUpstream(ports, inputs, claim);
    const exit = await runJudge(ports, {
      python: inputs.python,
      args: [
        'evaluate',
        '--claim',
        claimFile,
        '--upstream',
        upstream,
        '--out',
        resultFile,
        '--commit',
        inputs.commit,
      ],
      cwd: inputs.kernelsDir,
      env: judgeEnv(ports.env, 'evaluate'),
      limitMs: claim.limits.totalSeconds * 1000 + JUDGE_SPARE_MS,
      onLine: (line) => stream.line(line),
    });
    if (exit.stderrTail !== '') printUntrusted(ports, 'the judge says', exit.stderrTail);
    if (exit.ended !== 'exit') throw new Error(whyNoResult('the judge', exit));
    return await readResult(resultFile, claim, exit);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Folder of the pinned upstream: the last line that `judge upstream` prints. It is kept in the host's cache. */
async function getUpstream(ports: Ports, inputs: Inputs, claim: Claim): Promise<string> {
  const { url, commit, tree } = claim.upstream;
  let folder = '';
  const exit = await runJudge(ports, {
    python: inputs.python,
    args: ['upstream', '--url', url, '--commit', commit, '--tree', tree],
    cwd: inputs.kernelsDir,
    env: judgeEnv(ports.env, 'upstream'),
    limitMs: UPSTREAM_LIMIT_MS,
    onLine: (line) => {
      folder = line.trim() || folder;
    },
  });
  if (exit.stderrTail !== '') printUntrusted(ports, 'getting upstream', exit.stderrTail);
  if (exit.ended === 'exit' && exit.code === 0 && path.isAbsolute(folder)) return folder;
  throw new Error(whyNoResult('getting the pinned upstream', exit));
}

async function readResult(file: string, claim: Claim, exit: JudgeExit): Promise<Result> {
  let value: unknown;
  try {
    if ((await stat(file)).size > MAX_RESULT_BYTES) throw new Error('it is too long');
    value = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw new Error(`${whyNoResult('the judge', exit)}; no result can be read: ${(error as Error).message}`);
  }
  const result = Result.safeParse(value);
  if (!result.success) throw new Error(`the judge's result is malformed: ${z.prettifyError(result.error)}`);
  if (result.data.evaluation !== claim.evaluation || result.data.nonce !== claim.nonce)
    throw new Error("the judge's result is for another evaluation");
  return result.data;
}

function whyNoResult(what: string, exit: JudgeExit): string {
  const lastLine = exit.stderrTail.trimEnd().split('\n').at(-1) ?? '';
  const said = lastLine === '' ? '' : `: ${oneLine(lastLine)}`;
  switch (exit.ended) {
    case 'time_limit':
      return `${what} was ended at its time limit`;
    case 'cancelled':
      return `${what} was ended because the job was cancelled`;
    case 'not_started':
      return `${what} could not start${said}`;
    case 'signal':
      return `${what} was killed${said}`;
    case 'exit':
      return `${what} ended with exit code ${exit.code}${said}`;
  }
}

async function writePrivate(file: string, text: string): Promise<void> {
  const handle = await open(file, 'wx', 0o600);
  try {
    await handle.writeFile(text);
  } finally {
    await handle.close();
  }
}

async function writeSummary({ core }: Ports, result: Result): Promise<void> {
  try {
    await core.summary.addRaw(jobSummary(result), true).write();
  } catch (error) {
    core.warning(`no job summary: ${oneLine((error as Error).message)}`);
  }
}

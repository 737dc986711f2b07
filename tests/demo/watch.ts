/** What became of a commit: its check-runs on the offline GitHub and what the App's API says of the submission. */
import type { CheckName } from '../../app/evaluations/reasons.ts';
import type { CheckRun } from '../doubles/github/check-runs.ts';
import type { Stage } from './stage.ts';

const POLL_MS = 200;

export interface Outcome {
  readonly submission: number;
  readonly checks: Readonly<Record<CheckName, string>>;
  readonly titles: Readonly<Record<CheckName, string>>;
  readonly dispatched: boolean;
  readonly reason: string;
  readonly tokensPerSec: number | null;
  readonly score: number | null;
  readonly rank: number | null;
}

/** The newest check-run of each name on a commit, by short name. */
export function checksOf(stage: Stage, fullName: string, sha: string): Map<CheckName, CheckRun> {
  const runs = stage.github.checks.all(stage.github.repositories.named(fullName));
  const found = new Map<CheckName, CheckRun>();
  for (const run of runs)
    if (run.headSha === sha) found.set(run.name.replace('Quasar / ', '') as CheckName, run);
  return found;
}

/** Waits until all three check-runs of a commit are concluded. Throws after `timeoutMs`, saying what was shown last. */
export async function concluded(
  stage: Stage,
  fullName: string,
  sha: string,
  timeoutMs = 180_000,
): Promise<Outcome> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const checks = checksOf(stage, fullName, sha);
    if (checks.size === 3 && [...checks.values()].every(({ status }) => status === 'completed'))
      return outcomeOf(stage, checks);
    if (Date.now() > deadline) {
      const shown = [...checks].map(([name, { status, conclusion }]) => `${name} ${conclusion ?? status}`);
      throw new Error(
        `${fullName} ${sha.slice(0, 8)} is not concluded: ${shown.join(', ') || 'no check-run'}; see ${stage.appLog}`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

async function outcomeOf(stage: Stage, checks: ReadonlyMap<CheckName, CheckRun>): Promise<Outcome> {
  const submission = Number(checks.get('imports')?.externalId?.split(':')[0]);
  const answer = await fetch(`${stage.url}/api/v1/submissions/${submission}`);
  if (!answer.ok) throw new Error(`the API answers ${answer.status} for submission ${submission}`);
  const details = (await answer.json()) as {
    reason: string;
    evaluations: { runId: number | null }[];
    decision: { tokensPerSec: number | null; score: number | null; rank: number | null } | null;
  };
  const each = <T>(pick: (check: CheckRun) => T) =>
    Object.fromEntries([...checks].map(([name, check]) => [name, pick(check)])) as Record<CheckName, T>;
  return {
    submission,
    checks: each(({ conclusion }) => conclusion ?? ''),
    titles: each(({ output }) => output.title ?? ''),
    dispatched: details.evaluations.some(({ runId }) => runId !== null),
    reason: details.reason,
    tokensPerSec: details.decision?.tokensPerSec ?? null,
    score: details.decision?.score ?? null,
    rank: details.decision?.rank ?? null,
  };
}

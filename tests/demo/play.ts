/** The nine cases of the demo: pushed, judged, and held against what each of them must become. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { FORKS_DIR, type ForkCase, forkCases } from '../fixtures/fork-cases.ts';
import { type RowOnChain, rowOnChain, type Share, weightsOf } from './row-on-chain.ts';
import { type Fork, quasarYml, type Stage } from './stage.ts';
import { concluded, type Outcome } from './watch.ts';

/** The queue before a case counts too: one runner judges them one after the other. */
const CASE_MS = 600_000;

/** In this order they are pushed and listed. */
const ORDER = [
  'faster',
  'upstream',
  'unlinked',
  'forbidden-import',
  'wrong-output',
  'forgets',
  'over-claim',
  'copy',
  'forged-time',
];

export interface DemoReport {
  readonly submissions: readonly {
    readonly fork: string;
    readonly case: string;
    readonly checks: Outcome['checks'];
    readonly dispatched: boolean;
    readonly reason: string;
    readonly tokensPerSec: number | null;
    readonly score: number | null;
    readonly rank: number | null;
  }[];
  readonly weights: readonly Share[];
  /** Null where the stage has no chain, or no row of these shares was read back in time. */
  readonly chain: RowOnChain | null;
}

export async function play(
  stage: Stage,
  say: (line: string) => void,
): Promise<{ report: DemoReport; surprises: string[] }> {
  const cases = forkCases();
  const unplayed = [...cases.keys()].filter((name) => !ORDER.includes(name));
  if (unplayed.length > 0) throw new Error(`tests/demo/play.ts does not play ${unplayed.join(', ')}`);
  const pushed = new Map<string, Promise<{ fork: Fork; sha: string }>>();
  const ended = new Map<string, Promise<Outcome>>();
  for (const [index, name] of ORDER.entries()) {
    const wanted = cases.get(name);
    if (wanted === undefined) throw new Error(`tests/fixtures/forks has no case ${name}`);
    const before = wanted.after === undefined ? Promise.resolve() : ended.get(wanted.after);
    const push = Promise.resolve(before).then(() => pushCase(stage, name, index + 1, wanted));
    pushed.set(name, push);
    ended.set(
      name,
      push.then(async ({ fork, sha }) => {
        say(`${name}: pushed ${sha.slice(0, 8)} to ${fork.fullName}`);
        const outcome = await concluded(stage, fork.fullName, sha, CASE_MS);
        say(`${name}: ${outcome.titles.benchmark}`);
        return outcome;
      }),
    );
    // One after the other, so that receipt times follow the list; the copy alone waits for its leader's verdict.
    if (wanted.after === undefined) await push;
  }
  const outcomes = new Map<string, Outcome>();
  for (const [name, outcome] of ended) outcomes.set(name, await outcome);
  // A rank may move until the last decision: what counts is the standing at the end.
  const submissions: DemoReport['submissions'][number][] = [];
  const surprises: string[] = [];
  for (const name of ORDER) {
    const { fork, sha } = (await pushed.get(name)) as { fork: Fork; sha: string };
    const outcome = await concluded(stage, fork.fullName, sha);
    const { checks, dispatched, reason, tokensPerSec, score, rank } = outcome;
    submissions.push({
      fork: fork.fullName,
      case: name,
      checks,
      dispatched,
      reason,
      tokensPerSec,
      score,
      rank,
    });
    surprises.push(...surprisesOf(name, cases.get(name) as ForkCase, outcome));
  }
  surprises.push(...speedUp(submissions));
  const { weights } = await weightsOf(stage);
  const shares = weights?.shares ?? [];
  const chain = stage.chain === null ? null : await rowOnChain(stage, stage.chain, shares);
  if (chain?.surprise) surprises.push(chain.surprise);
  return { report: { submissions, weights: shares, chain: chain?.row ?? null }, surprises };
}

async function pushCase(
  stage: Stage,
  name: string,
  seed: number,
  wanted: ForkCase,
): Promise<{ fork: Fork; sha: string }> {
  const fork = await stage.fork(`miner-${name}`, seed);
  const { targetSequenceLength, claimedTokensPerSec } = wanted;
  const claim = claimedTokensPerSec === undefined ? {} : { claimedTokensPerSec };
  const yml = wanted.link ? { 'quasar.yml': quasarYml(fork, { targetSequenceLength, ...claim }) } : {};
  const sha = await fork.copy.push({ ...ownFiles(name), ...yml }, `Kernel of case ${name}`);
  fork.copy.remove();
  return { fork, sha };
}

/** The files that a case changes, by path in the repository. */
export function ownFiles(name: string): Record<string, Buffer> {
  const root = path.join(FORKS_DIR, name, 'fla');
  if (!existsSync(root)) return {};
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    files.map((entry) => {
      const file = path.join(entry.parentPath, entry.name);
      return [path.relative(path.join(FORKS_DIR, name), file), readFileSync(file)];
    }),
  );
}

function surprisesOf(name: string, { expect }: ForkCase, outcome: Outcome): string[] {
  const wrong = (what: string, wanted: unknown, got: unknown) =>
    wanted === got ? [] : [`${name}: ${what} is ${got}, expected ${wanted}`];
  return [
    ...wrong('imports', expect.imports, outcome.checks.imports),
    ...wrong('logits', expect.logits, outcome.checks.logits),
    ...wrong('benchmark', expect.benchmark, outcome.checks.benchmark),
    ...wrong('dispatched', expect.dispatched, outcome.dispatched),
    ...wrong('rank', expect.rank, outcome.rank),
    ...(expect.reasons.includes(outcome.reason)
      ? []
      : [`${name}: reason is ${outcome.reason}, expected ${expect.reasons.join(' or ')}`]),
  ];
}

/** The faster kernel is at least twice as fast as upstream's, the fixed part included. */
function speedUp(submissions: DemoReport['submissions']): string[] {
  const figure = (name: string) => submissions.find((one) => one.case === name)?.tokensPerSec ?? Number.NaN;
  const ratio = figure('faster') / figure('upstream');
  return ratio >= 2 ? [] : [`faster is ${ratio.toFixed(2)} times as fast as upstream, expected 2 or more`];
}

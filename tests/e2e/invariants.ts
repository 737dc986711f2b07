/** What must hold whatever happened: read from the App's database and from what GitHub shows. */
import type { Arena } from './arena.ts';

interface Group {
  readonly n: number;
}

/** The App still has the last events in hand when everything is concluded; so long may it take to come to rest. */
const REST_MS = 120_000;
const POLL_MS = 200;

/**
 * Every rule that is broken, in words; empty when all is well. Call it when everything is concluded. What must never happen
 * stays to be seen once it did, so waiting for the rest hides nothing.
 */
export async function brokenInvariants(arena: Arena): Promise<string[]> {
  const deadline = Date.now() + REST_MS;
  for (;;) {
    await arena.github.settled();
    const broken = await brokenNow(arena);
    if (broken.length === 0 || Date.now() > deadline) return broken;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

async function brokenNow(arena: Arena): Promise<string[]> {
  const { db } = arena;
  const several = async (what: string, table: string, ...columns: string[]) => {
    const rows: Group[] = await db(table)
      .groupBy(columns)
      .havingRaw('count(*) > 1')
      .select(columns)
      .count('* as n');
    return rows.map((row) => `${what}: ${JSON.stringify(row)}`);
  };
  const live = ['planned', 'dispatching', 'dispatched', 'claimed'];
  const leftOver = await db('evaluations').whereIn('state', live).select('id', 'submissionId', 'state');
  const failed = await db('inbox').whereNot({ state: 'done' }).select('guid', 'event', 'state', 'lastError');
  return [
    ...(await several('more than one submission of a commit', 'submissions', 'repoId', 'task', 'headSha')),
    ...(await several('more than one decision', 'decisions', 'submissionId', 'taskVersion')),
    ...(await several('more than one verdict', 'verdicts', 'evaluationId')),
    ...(await unconcluded(arena)),
    ...duplicateChecks(arena),
    ...leftOver.map((row) => `an evaluation is left over: ${JSON.stringify(row)}`),
    ...failed.map((row) => `a delivery was not processed: ${JSON.stringify(row)}`),
    ...(await overlappingEvaluations(arena)),
  ];
}

/** On every fork that the App still sees: three check-runs for each submission, the newest of each name completed. */
async function unconcluded({ db, github }: Arena): Promise<string[]> {
  const left: { repoId: number }[] = await db('forks').where({ state: 'gone' }).select('repoId');
  const gone = left.map(({ repoId }) => repoId);
  const seen = github.repositories.all().filter(({ id }) => !gone.includes(id));
  const shown = seen.flatMap((repository) => {
    const newest = new Map(
      github.checks.all(repository).map((run) => [`${repository.full_name} ${run.headSha} ${run.name}`, run]),
    );
    return [...newest].flatMap(([where, { status }]) =>
      status === 'completed' ? [] : [`a check-run is not concluded: ${where}`],
    );
  });
  const submissions: { id: number; checks: number }[] = await db('submissions')
    .leftJoin('checks', (on) =>
      on.on('checks.submissionId', 'submissions.id').onVal('checks.state', 'created'),
    )
    .whereNotIn('submissions.repoId', gone)
    .groupBy('submissions.id')
    .select('submissions.id')
    .countDistinct('checks.name as checks');
  const silent = submissions.filter(({ checks }) => Number(checks) !== 3);
  return [...shown, ...silent.map(({ id, checks }) => `submission ${id} has ${checks} of its 3 check-runs`)];
}

function duplicateChecks({ github }: Arena): string[] {
  return github.repositories.all().flatMap((repository) => {
    const ids = github.checks.all(repository).map(({ externalId }) => externalId);
    return ids
      .filter((id, at) => ids.indexOf(id) !== at)
      .map((id) => `two check-runs are ${id} on ${repository.full_name}`);
  });
}

/** At no time were two evaluations of one seat alive: the next was ordered only after the last had ended. */
async function overlappingEvaluations({ db }: Arena): Promise<string[]> {
  const rows: {
    id: number;
    submissionId: number;
    purpose: string;
    seat: number;
    orderedAt: number;
    endedAt: number | null;
  }[] = await db('evaluations').orderBy('id');
  return rows.flatMap((row) => {
    const before = rows.filter(
      ({ id, submissionId, purpose, seat }) =>
        id < row.id && submissionId === row.submissionId && purpose === row.purpose && seat === row.seat,
    );
    return before
      .filter(({ endedAt }) => endedAt === null || endedAt > row.orderedAt)
      .map(({ id }) => `evaluations ${id} and ${row.id} of one seat were alive together`);
  });
}

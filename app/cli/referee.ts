/** What the command line asks a running Referee. */
import { z } from 'zod';
import { parseAppUrl } from '../../actions/evaluate/src/app-url.ts';
import { CommandError, type Io, UsageError } from './io.ts';
import { responseText } from './response-text.ts';

const Repository = z.looseObject({
  network: z.string(),
  netuid: z.number().int().nonnegative(),
  repoId: z.number().int().positive(),
  ownerId: z.number().int().positive(),
  defaultBranch: z.string(),
  /** What can be entered; the first is meant where nothing is said. */
  tasks: z
    .array(
      z.looseObject({
        name: z.string(),
        targetLengths: z.looseObject({ min: z.number(), max: z.number() }),
      }),
    )
    .nonempty(),
});
export type Repository = z.infer<typeof Repository>;

const TIMEOUT_MS = 30_000;

/** `GET /api/v1/repos/:owner/:name`. Throws `CommandError` with the Referee's own words where it refuses. */
export async function fetchRepository(
  io: Pick<Io, 'fetch'>,
  referee: string,
  repo: string,
): Promise<Repository> {
  const [, owner, name] = /^([\w-]{1,100})\/([\w.-]{1,100})$/.exec(repo) ?? [];
  if (owner === undefined || name === undefined)
    throw new UsageError('--repo: write owner/name, as in the address of your fork');
  return askReferee(io, referee, `/api/v1/repos/${owner}/${name}`, Repository);
}

/** What the Referee at that address answers to a GET of `path`. Throws `CommandError` and `UsageError`. */
export async function askReferee<T>(
  io: Pick<Io, 'fetch'>,
  referee: string,
  path: string,
  schema: z.ZodType<T>,
): Promise<T> {
  let base: string;
  try {
    base = parseAppUrl(referee);
  } catch (error) {
    throw new UsageError(`--referee: ${(error as Error).message}`);
  }
  let status: number;
  let body: unknown;
  try {
    const response = await io.fetch(`${base}${path}`, {
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    status = response.status;
    body = json(await responseText(response));
  } catch (error) {
    const { message, cause } = error as { message: string; cause?: { message?: string } };
    throw new CommandError(
      `no answer from ${base} (${cause?.message ?? message}): is --referee its address?`,
    );
  }
  if (status !== 200) {
    const refusal = z.looseObject({ error: z.looseObject({ message: z.string() }) }).safeParse(body);
    const said = refusal.success
      ? refusal.data.error.message.replace(/[\p{Cc}\p{Cf}]/gu, ' ').slice(0, 500)
      : 'no reason given';
    throw new CommandError(
      `${base} answered ${status}: ${refusal.success ? said : `${said}; is --referee the address of a Quasar Referee?`}`,
    );
  }
  const answer = schema.safeParse(body);
  if (!answer.success)
    throw new CommandError(`${base} does not answer like a Quasar Referee: check --referee`);
  return answer.data;
}

/** Undefined for what is none. */
function json(text: string | null): unknown {
  try {
    return text === null ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

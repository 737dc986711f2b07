import { describe, expect, it } from 'vitest';
import { GitHubError } from '../../app/github/github.ts';
import * as op from '../../app/github/operations.ts';
import { createTransport } from '../../app/github/transport.ts';
import { type Answer, BASE_URL, cannedGitHub, freshInstallation, SILENT } from './canned-github.ts';

const NOW = Date.parse('2026-11-21T12:00:00Z');
const READ = 'GET /repos/miner/fla';
const WRITE = 'POST /repos/miner/fla/check-runs';
const REPOSITORY = {
  id: 7,
  name: 'fla',
  owner: { id: 5, login: 'miner' },
  private: false,
  default_branch: 'main',
};
const CHECK = { owner: 'miner', repo: 'fla', name: 'Quasar / imports', head_sha: 'a'.repeat(40) };

function setUp(routes: Record<string, Answer | Answer[]>) {
  const github = cannedGitHub(routes);
  const transport = createTransport({
    baseUrl: BASE_URL,
    clock: () => NOW,
    log: SILENT,
    fetch: github.fetch,
  });
  const caller = { group: `installation:${freshInstallation()}`, token: 'secret-token' };
  return {
    ...github,
    transport,
    caller,
    read: () => transport.call(caller, op.getRepository, { owner: 'miner', repo: 'fla' }),
    write: () => transport.call(caller, op.createCheckRun, CHECK),
  };
}

async function failureOf(promise: Promise<unknown>): Promise<GitHubError> {
  const error = await promise.then(
    () => new Error('it succeeded'),
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(GitHubError);
  return error as GitHubError;
}

const broken = (code: string) =>
  new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) });

describe('transport', () => {
  it('pins the API version and sends the token of the caller', async () => {
    const { read, asked } = setUp({ [READ]: { body: REPOSITORY } });
    await read();
    expect(asked[0]?.headers.get('x-github-api-version')).toBe('2022-11-28');
    expect(asked[0]?.headers.get('authorization')).toBe('Bearer secret-token');
  });

  it('sends a write once, and says that it may have happened, after 502', async () => {
    const { write, calls } = setUp({ [WRITE]: { status: 502, body: { message: 'Bad Gateway' } } });
    const error = await failureOf(write());
    expect(calls(WRITE)).toHaveLength(1);
    expect(error).toMatchObject({
      code: 'server',
      details: { status: 502, retryable: true, outcomeUnknown: true },
    });
  });

  it.each([409, 422])('sends a write once after %i, which certainly did not happen', async (status) => {
    const { write, calls } = setUp({ [WRITE]: { status, body: { message: 'no' } } });
    expect((await failureOf(write())).details).toMatchObject({ retryable: false, outcomeUnknown: false });
    expect(calls(WRITE)).toHaveLength(1);
  });

  it('asks a read once more after a fault, and gives up after the second', async () => {
    const mended = setUp({ [READ]: [{ status: 503 }, { body: REPOSITORY }] });
    expect(await mended.read()).toMatchObject({ id: 7 });
    const dead = setUp({ [READ]: { status: 503 } });
    expect(await failureOf(dead.read())).toMatchObject({
      code: 'server',
      details: { outcomeUnknown: false },
    });
    expect(dead.asked).toHaveLength(2);
  });

  it('reports the primary limit at once, with the time until its reset', async () => {
    const headers = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(NOW / 1000 + 90) };
    const { read, asked } = setUp({
      [READ]: { status: 403, headers, body: { message: 'API rate limit exceeded' } },
    });
    const error = await failureOf(read());
    expect(error).toMatchObject({ code: 'rate_limited', details: { retryable: true, retryAfterMs: 90_000 } });
    expect(asked).toHaveLength(1);
  });

  it.each([403, 429])(
    'reports a secondary limit (%i) at once, with the wait that GitHub names',
    async (status) => {
      const body = { message: 'You have exceeded a secondary rate limit' };
      const { write, asked } = setUp({ [WRITE]: { status, headers: { 'retry-after': '7' }, body } });
      const error = await failureOf(write());
      expect(error).toMatchObject({
        code: 'rate_limited',
        details: { retryAfterMs: 7_000, outcomeUnknown: false },
      });
      expect(asked).toHaveLength(1);
    },
  );

  it('waits a minute after a secondary limit that names no time', async () => {
    const body = { message: 'You have exceeded a secondary rate limit' };
    const { read } = setUp({ [READ]: { status: 403, body } });
    expect((await failureOf(read())).details.retryAfterMs).toBe(60_000);
  });

  it('takes a 403 that names no limit for a lack of permission', async () => {
    const { write } = setUp({ [WRITE]: { status: 403, body: { message: 'Resource not accessible' } } });
    expect(await failureOf(write())).toMatchObject({ code: 'forbidden', details: { retryable: false } });
  });

  it('does not know whether a write happened when the connection breaks or time runs out', async () => {
    for (const fault of [broken('ECONNRESET'), new DOMException('timed out', 'TimeoutError')]) {
      const { write, asked } = setUp({ [WRITE]: fault });
      expect(await failureOf(write())).toMatchObject({ code: 'network', details: { outcomeUnknown: true } });
      expect(asked).toHaveLength(1);
    }
  });

  it('knows that a write did not happen when no connection was made', async () => {
    const { write } = setUp({ [WRITE]: broken('ECONNREFUSED') });
    expect(await failureOf(write())).toMatchObject({ code: 'network', details: { outcomeUnknown: false } });
  });

  it('treats an answer in another shape as a fault after which a write may have happened', async () => {
    const { write } = setUp({ [WRITE]: { status: 201, body: { message: 'hello from a proxy' } } });
    expect(await failureOf(write())).toMatchObject({ code: 'server', details: { outcomeUnknown: true } });
  });

  it('stops reading an answer above the limit', async () => {
    const { transport, caller } = setUp({ [READ]: { body: { ...REPOSITORY, name: 'x'.repeat(5_000) } } });
    const read = transport.call(
      caller,
      op.getRepository,
      { owner: 'miner', repo: 'fla' },
      { maxBytes: 4_000 },
    );
    expect(await failureOf(read)).toMatchObject({ code: 'too_large', details: { retryable: false } });
  });

  it('never tells a token in what it throws', async () => {
    const { write } = setUp({ [WRITE]: { status: 422, body: { message: 'no' } } });
    const error = await failureOf(write());
    expect(`${error.stack}${JSON.stringify(error.cause)}`).not.toContain('secret-token');
  });

  it('lets the writes of one installation leave a second apart, and another installation pass', async () => {
    const left: { readonly by: string; readonly at: number }[] = [];
    const writer = (by: string) =>
      setUp({
        [WRITE]: () => {
          left.push({ by, at: performance.now() });
          return { status: 201, body: { id: 1 } };
        },
      });
    const [busy, other] = [writer('busy'), writer('other')];
    const start = performance.now();
    await Promise.all([busy.write(), busy.write(), other.write()]);
    expect(left.map(({ by }) => by)).toEqual(['busy', 'other', 'busy']);
    expect((left.at(-1)?.at ?? 0) - start).toBeGreaterThanOrEqual(990);
  });
});

import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { evaluate } from '../../actions/evaluate/src/evaluate.ts';
import { Result } from '../../app/evaluations/schema.ts';
import { aClaim, aClock, anApp, aResult, aWorld, nonce, reply } from './ports.ts';

const key = 'aa'.repeat(32);
const progress = (seq: number, more: object = {}) => ({
  evaluation: 7,
  nonce,
  seq,
  stage: 'public',
  done: seq,
  total: 9,
  ...more,
});
const judgeThat = (lines: string) => `${lines}
fs.writeFileSync(option('--out'), ${JSON.stringify(JSON.stringify(aResult()))});`;
const posted = (app: ReturnType<typeof anApp>) => Result.parse(app.to('/runner/result').at(-1)?.body);

describe('the evaluate action', () => {
  it('claims, judges and posts the result, each call with its own token', async () => {
    const app = anApp();
    const world = aWorld({
      fetch: app.fetch,
      judge: judgeThat(`out(${JSON.stringify(progress(1, { keySha256: key }))});`),
    });
    await evaluate(world);
    expect(world.failed).toEqual([]);
    expect(app.posted.map(({ route }) => route)).toEqual([
      '/runner/claim',
      '/runner/progress',
      '/runner/result',
    ]);
    expect(new Set(app.posted.map(({ token }) => token)).size).toBe(3);
    expect(app.posted[0]?.body).toEqual({ evaluation: 7 });
    expect(app.posted[0]?.token).toBe('Bearer token-1-for-https://referee.example');
    expect(app.posted[2]?.body).toEqual(aResult());
    expect(world.summaries[0]).toContain('| 1,024 | 409,600 | 400,000 | 2.50 | 1 |');
    expect(world.log.join('\n')).not.toContain('token-');
  });

  it('hands the judge the claim, the upstream and the commit, and leaves nothing behind', async () => {
    const app = anApp();
    const check = `
const claim = JSON.parse(fs.readFileSync(option('--claim'), 'utf8'));
const mode = (fs.statSync(option('--claim')).mode & 0o777).toString(8);
console.error(JSON.stringify([args[0], option('--upstream'), option('--commit'), claim.nonce, mode, process.cwd()]));`;
    const world = aWorld({ fetch: app.fetch, judge: judgeThat(check) });
    await evaluate(world);
    const said = world.log.find((line) => line.includes('"evaluate"')) ?? '[]';
    expect(JSON.parse(said)).toEqual([
      'evaluate',
      '/cache/upstream',
      'f'.repeat(40),
      nonce,
      '600',
      path.join(world.folder, 'kernels'),
    ]);
    expect(readdirSync(path.join(world.folder, 'temp'))).toEqual([]);
  });

  it('gives the judge no token and nothing of the job', async () => {
    const app = anApp();
    const secret = 'SECRET';
    const world = aWorld({
      fetch: app.fetch,
      judge: judgeThat('console.error(JSON.stringify(process.env));'),
      env: {
        ACTIONS_ID_TOKEN_REQUEST_TOKEN: secret,
        ACTIONS_ID_TOKEN_REQUEST_URL: secret,
        ACTIONS_RUNTIME_TOKEN: secret,
        GITHUB_TOKEN: secret,
        INPUT_EVALUATION: secret,
        RUNNER_NAME: secret,
        GITHUB_SERVER_URL: secret,
        DATABASE_URL: secret,
        CUDA_VISIBLE_DEVICES: '0',
        HOME: '/home/x',
      },
    });
    await evaluate(world);
    const text = world.log.join('\n');
    expect(text).not.toContain(secret);
    expect(text).toContain('"CUDA_VISIBLE_DEVICES":"0"');
    expect(text).toContain('"HOME":"/home/x"');
  });

  it('ends quietly, without touching the device, when another run has the claim', async () => {
    const app = anApp({ claim: [reply.json(409, { error: { message: 'claimed' } })] });
    const world = aWorld({ fetch: app.fetch, judge: 'fs.writeFileSync("ran", "");' });
    await evaluate(world);
    expect(world.failed).toEqual([]);
    expect(app.posted).toHaveLength(1);
    expect(existsSync(path.join(world.folder, 'kernels', 'ran'))).toBe(false);
  });

  it('waits as long as the App asks when it is too early', async () => {
    const app = anApp({
      claim: [reply.json(425, {}, { 'retry-after': '7' }), reply.down, reply.json(200, aClaim())],
    });
    const clock = aClock();
    await evaluate(aWorld({ fetch: app.fetch, clock, judge: judgeThat('') }));
    expect(clock.slept.slice(0, 2)).toEqual([7_000, 2_000]);
    expect(app.to('/runner/claim')).toHaveLength(3);
  });

  it("prints the App's message when this commit may not claim, as one harmless line", async () => {
    const message = 'run `operator pin`\n::set-env name=X::1';
    const app = anApp({ claim: [reply.json(403, { error: { code: 'commit', message } })] });
    const world = aWorld({ fetch: app.fetch });
    await evaluate(world);
    expect(world.failed).toEqual(['the App answered 403: run `operator pin` : :set-env name=X: :1']);
    expect(app.posted).toHaveLength(1);
  });

  it('refuses a malformed claim', async () => {
    const app = anApp({ claim: [reply.json(200, { ...aClaim(), nonce: 'x' })] });
    const world = aWorld({ fetch: app.fetch });
    await evaluate(world);
    expect(world.failed[0]).toMatch(/claim is malformed/);
  });

  it('prints what the judge says with workflow commands stopped', async () => {
    const app = anApp();
    const world = aWorld({
      fetch: app.fetch,
      judge: judgeThat("console.error('::add-mask::x\\n\\u001b[31m::error::forged\\n##[error]y');"),
    });
    await evaluate(world);
    const start = world.log.indexOf('::stop-commands::word');
    expect(world.log.slice(start)).toEqual([
      '::stop-commands::word',
      '  : :add-mask: :x',
      '  [31m: :error: :forged',
      '  ## [error]y',
      '  ',
      '::word::',
      'posted: accepted (accepted)',
    ]);
  });
});

describe('a judge that fails', () => {
  it.each([
    ['crashes', "console.error('Traceback: boom'); process.exit(4);", /exit code 4: Traceback: boom/],
    ['is killed', "process.kill(process.pid, 'SIGKILL');", /was killed/],
    ['writes no result', 'process.exit(0);', /no result can be read/],
    ['writes half a result', "fs.writeFileSync(option('--out'), '{');", /no result can be read/],
    ['writes another shape', "fs.writeFileSync(option('--out'), '{}');", /malformed/],
    [
      'answers for another evaluation',
      `fs.writeFileSync(option('--out'), ${JSON.stringify(JSON.stringify(aResult({ evaluation: 8 })))});`,
      /another evaluation/,
    ],
  ])('and %s ends in a posted infra result', async (_name, judge, why) => {
    const app = anApp();
    const world = aWorld({ fetch: app.fetch, judge });
    await evaluate(world);
    const result = posted(app);
    expect(result.verdict).toMatchObject({ status: 'inconclusive', reason: 'infra' });
    expect(result.verdict.detail).toMatch(why);
    expect(result).toMatchObject({ evaluation: 7, nonce, measurements: [], gates: [] });
    expect(world.failed[0]).toMatch(why);
  });

  it('keeps the key that it had committed itself to', async () => {
    const app = anApp();
    const judge = `out(${JSON.stringify(progress(1, { keySha256: key }))}); process.exit(9);`;
    await evaluate(aWorld({ fetch: app.fetch, judge }));
    expect(posted(app).key.sha256).toBe(key);
  });

  it('posts infra when python is not there', async () => {
    const app = anApp();
    await evaluate(aWorld({ fetch: app.fetch, inputs: { python: './nowhere' } }));
    expect(posted(app).verdict.detail).toMatch(/could not start/);
  });

  it('is ended at the time limit with everything it started', async () => {
    const app = anApp();
    // the judge's own limit (1,800 s + spare) passes at once; upstream's does not
    const clock = aClock((ms) => ms === 900_000);
    const judge =
      "process.on('SIGTERM', () => {}); require('node:child_process').spawnSync('sleep', ['1000']);";
    await evaluate(aWorld({ fetch: app.fetch, clock, judge }));
    expect(posted(app).verdict.detail).toBe('the judge was ended at its time limit');
  });

  it('is ended when the job is cancelled, and infra is posted in the seconds that are left', async () => {
    const app = anApp({ result: [reply.json(500, {})] });
    const clock = aClock();
    const world = aWorld({
      fetch: cancelsOn('/runner/progress'),
      clock,
      judge: `out(${JSON.stringify(progress(1))}); setInterval(() => {}, 1000);`,
    });
    function cancelsOn(route: string): typeof fetch {
      return async (url, init) => {
        if (String(url).endsWith(route)) world.cancel();
        return app.fetch(url, init);
      };
    }
    await evaluate(world);
    expect(posted(app).verdict.detail).toMatch(/cancelled/);
    expect(app.to('/runner/result').length).toBeLessThanOrEqual(3);
  });
});

describe('posting the result', () => {
  it('is repeated through network faults, 5xx, 429 and 425 for ten minutes', async () => {
    const app = anApp({
      result: [
        reply.down,
        reply.json(502, {}),
        reply.json(429, {}, { 'retry-after': '30' }),
        reply.json(425, {}),
        reply.json(200, {}),
      ],
    });
    const clock = aClock();
    const world = aWorld({ fetch: app.fetch, clock, judge: judgeThat('') });
    await evaluate(world);
    expect(clock.slept).toEqual([1_000, 2_000, 30_000, 8_000]);
    expect(world.failed).toEqual([]);
  });

  it('gives up after ten minutes and fails the job', async () => {
    const app = anApp({ result: [reply.json(503, {})] });
    const clock = aClock();
    const world = aWorld({ fetch: app.fetch, clock, judge: judgeThat('') });
    await evaluate(world);
    expect(clock.now()).toBeGreaterThan(9 * 60_000);
    expect(clock.now()).toBeLessThanOrEqual(10 * 60_000);
    expect(world.failed).toEqual(['the App answered 503']);
  });

  it('is not repeated after a refusal', async () => {
    const app = anApp({ result: [reply.json(422, { error: { code: 'nonce', message: 'wrong nonce' } })] });
    const world = aWorld({ fetch: app.fetch, judge: judgeThat('') });
    await evaluate(world);
    expect(app.to('/runner/result')).toHaveLength(1);
    expect(world.failed).toEqual(['the App answered 422: wrong nonce']);
  });
});

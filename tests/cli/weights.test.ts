import { describe, expect, it } from 'vitest';
import type { Io } from '../../app/cli/io.ts';
import { weightsCommand } from '../../app/cli/weights.ts';
import { apiRoutes } from '../../app/http/api.ts';
import { running } from '../http/running.ts';
import { aReadModel, JOIN } from '../http/samples.ts';
import { anIo } from './io.ts';

const hotkey = '5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY';
const WEIGHTS = { createdAt: '2026-11-21T10:50:00.000Z', shares: [{ hotkey, share: 0.6 }], more: 1 };
const NAMED = ['--referee', 'https://referee.example'];

const CHAIN = {
  block: 9_412_344,
  path: 'timelocked',
  uids: [31, 0],
  values: [65_535, 43_690],
  shares: WEIGHTS.shares,
  dryRun: true,
  verifiedBlock: null,
  alerts: [],
  more: 1,
};

const answering = (weights: unknown, status = 200, chain: unknown = null) => {
  const asked: string[] = [];
  const fetch = (async (url: string | URL | Request) => {
    asked.push(String(url));
    return new Response(JSON.stringify({ network: 'finney', netuid: 24, weights, chain }), { status });
  }) as typeof globalThis.fetch;
  return { asked, fetch };
};
const run = async (argv: string[], options: Partial<Io>) => {
  const io = anIo(options);
  expect(await weightsCommand(argv, io)).toBe(0);
  return io.printed();
};

describe('weights', () => {
  it('prints what the API of a Referee says, as one line of JSON', async () => {
    const { url } = await running(apiRoutes(aReadModel(), JOIN));
    const printed = await run(['--dry-run', '--json', '--referee', url], { fetch });
    expect(printed.trimEnd()).not.toContain('\n');
    expect(JSON.parse(printed)).toEqual({
      netuid: 24,
      block: null,
      path: 'none',
      uids: null,
      values: null,
      shares: [{ hotkey, share: 0.6 }],
    });
  });

  it('has no shares before the first decision', async () => {
    const { url } = await running(apiRoutes(aReadModel({ weights: async () => null }), JOIN));
    expect(JSON.parse(await run(['--json', '--referee', url], { fetch })).shares).toEqual([]);
    expect(await run(['--referee', url], { fetch })).toContain('nothing was decided yet');
  });

  it('prints shares, what is left to the owner, and that nothing is sent', async () => {
    expect(await run(NAMED, answering(WEIGHTS))).toBe(
      `netuid 24 of finney: standing of 2026-11-21T10:50:00.000Z
   60.00 %  ${hotkey}
   40.00 %  the subnet owner
No chain is configured: nothing is sent.
`,
    );
    const all = { ...WEIGHTS, shares: [0.1, 0.2, 0.7].map((share) => ({ hotkey, share })) };
    expect(await run(NAMED, answering(all))).not.toContain('owner');
  });

  it('prints the row that the App computed at the block that it read last', async () => {
    const app = answering(WEIGHTS, 200, CHAIN);
    expect(JSON.parse(await run([...NAMED, '--json'], app))).toEqual({
      netuid: 24,
      block: 9_412_344,
      path: 'timelocked',
      uids: [31, 0],
      values: [65_535, 43_690],
      shares: [{ hotkey, share: 0.6 }],
    });
    expect(await run(NAMED, app)).toBe(
      `netuid 24 of finney: standing of 2026-11-21T10:50:00.000Z
   60.00 %  ${hotkey}
   40.00 %  the subnet owner
Block 9412344, timelocked weights:
  uid    31  65535
  uid     0  43690
Dry run: no wallet is configured, nothing is sent.
`,
    );
  });

  it('prints alerts, harmless, and where a row was read back', async () => {
    const alerts = [{ code: 'no_permit', severity: 'page', message: 'lost\u001b[2J' }];
    const text = await run(
      NAMED,
      answering(WEIGHTS, 200, { ...CHAIN, dryRun: false, verifiedBlock: 9_412_000, alerts }),
    );
    expect(text).toContain('A row was last read back in block 9412000.\nALERT (page) no_permit: lost␛[2J\n');
    expect(text).not.toContain('Dry run');
  });

  it('says that the chain could not be read, or that there is no row', async () => {
    const none = { ...CHAIN, uids: null, values: null, shares: null };
    expect(await run(NAMED, answering(WEIGHTS, 200, none))).toContain('there is no row to send');
    const dark = { ...none, block: null, path: 'none' };
    expect(await run(NAMED, answering(WEIGHTS, 200, dark))).toContain('The chain could not be read.');
    expect(JSON.parse(await run([...NAMED, '--json'], answering(WEIGHTS, 200, dark)))).toMatchObject({
      block: null,
      uids: null,
      shares: WEIGHTS.shares,
    });
  });

  it('asks the Referee that is named, else the one of this environment, else a local one', async () => {
    const asked = async (argv: string[], env: Io['env']) => {
      const app = answering(null);
      await run(argv, { ...app, env });
      return app.asked;
    };
    const env = { PUBLIC_URL: 'https://ours.example/', PORT: '9000' };
    expect(await asked(NAMED, env)).toEqual(['https://referee.example/api/v1/weights']);
    expect(await asked([], env)).toEqual(['https://ours.example/api/v1/weights']);
    expect(await asked([], { PORT: '9000' })).toEqual(['http://127.0.0.1:9000/api/v1/weights']);
    expect(await asked([], {})).toEqual(['http://127.0.0.1:8000/api/v1/weights']);
  });

  it('says when nobody answers, and who refused', async () => {
    const gone = (async () => {
      throw new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED 127.0.0.1:8000') });
    }) as typeof globalThis.fetch;
    await expect(run([], { fetch: gone })).rejects.toMatchObject({
      name: 'CommandError',
      message:
        'no answer from http://127.0.0.1:8000 (connect ECONNREFUSED 127.0.0.1:8000): is --referee its address?',
    });
    await expect(run([], answering(WEIGHTS, 502))).rejects.toThrow('http://127.0.0.1:8000 answered 502');
    await expect(run(['--referee', 'http://elsewhere.example'], {})).rejects.toThrow('https is wanted');
  });

  it('reads no answer without an end', async () => {
    let given = 0;
    const body = new ReadableStream({
      pull(controller) {
        given += 1;
        controller.enqueue(new Uint8Array(1024 * 1024).fill(32));
      },
    });
    const endless = (async () => new Response(body)) as typeof globalThis.fetch;
    await expect(run(NAMED, { fetch: endless })).rejects.toThrow('does not answer like a Quasar Referee');
    expect(given).toBeLessThan(12);
  });

  it.each([
    ['a share above 1', { ...WEIGHTS, shares: [{ hotkey, share: 1.5 }] }],
    ['a share that is no number', { ...WEIGHTS, shares: [{ hotkey, share: '1' }] }],
    ['more than the whole', { ...WEIGHTS, shares: [0.6, 0.5].map((share) => ({ hotkey, share })) }],
    ['what is no hotkey', { ...WEIGHTS, shares: [{ hotkey: '\u001b[2J', share: 1 }] }],
    ['no shares', {}],
  ])('believes no answer with %s', async (_, weights) => {
    await expect(run(NAMED, answering(weights))).rejects.toThrow('does not answer like a Quasar Referee');
  });

  it.each([
    ['uids without values', { values: null }],
    ['fewer values than uids', { values: [1] }],
    ['a value above 65,535', { values: [65_536, 0] }],
  ])('believes no chain with %s', async (_, more) => {
    const app = answering(WEIGHTS, 200, { ...CHAIN, ...more });
    await expect(run(NAMED, app)).rejects.toThrow('does not answer like a Quasar Referee');
  });
});

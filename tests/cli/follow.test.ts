import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { FROM_URI } from '../chain/keyfile-vectors.ts';
import { aRanked, aStanding, HOTKEYS, ISSUED_AT, iso } from '../chain/standing/a-standing.ts';
import {
  aChain,
  aMachine,
  aReferee,
  aServerKey,
  aSigner,
  follow,
  OWNER,
  VALIDATOR,
  watching,
} from './following.ts';

const ROW = [
  [2, 65_535],
  [3, 27_306],
  [4, 10_922],
  [5, 5_461],
] as const;
const stateOf = (file: string) => JSON.parse(readFileSync(file, 'utf8'));
const verifiedIn = (file: string): number =>
  existsSync(file)
    ? stateOf(file).weightSets.filter(({ state }: { state: string }) => state === 'verified').length
    : 0;

describe('weights --follow without a wallet', () => {
  it('prints what it would send, and stores nothing', async () => {
    const referee = await aReferee();
    const chain = await aChain();
    const machine = aMachine(referee, chain);
    const { code, printed } = await follow(machine, ['--hotkey', VALIDATOR]);
    expect(code).toBe(0);
    expect(printed).toContain(
      `signed with key ${referee.key.keyId}: the shares follow from the decisions of 5`,
    );
    expect(printed).toContain('This key was not seen before');
    expect(printed).toContain(
      'Its rules: 60 %, 25 %, 10 %, 5 % for the places from the first; scores within 1 % tie',
    );
    expect(printed).toContain(`1.   60.00 %  ${HOTKEYS[0]}  submission 41, score 300000`);
    expect(printed).toContain(`uid     2  65535  ${HOTKEYS[0]}`);
    expect(printed).toContain('would send 2: 65535, 3: 27306, 4: 10922, 5: 5461');
    expect(existsSync(machine.stateFile)).toBe(false);
    expect(chain.record.submissions).toEqual([]);
  });

  it('gives one object with --json', async () => {
    const referee = await aReferee();
    const chain = await aChain();
    const { printed } = await follow(aMachine(referee, chain), [
      '--json',
      '--dry-run',
      '--hotkey',
      VALIDATOR,
    ]);
    expect(printed.trimEnd()).not.toContain('\n');
    expect(JSON.parse(printed)).toMatchObject({
      netuid: 24,
      dryRun: true,
      account: VALIDATOR,
      standing: { accepted: true, round: 3, keyId: referee.key.keyId },
      block: chain.head().number,
      path: 'plain',
      uids: ROW.map(([uid]) => uid),
      values: ROW.map(([, value]) => value),
      shares: [0.6, 0.25, 0.1, 0.05].map((share, at) => ({ hotkey: HOTKEYS[at], share })),
    });
  });

  it('says nothing of a missing wallet where there is one', async () => {
    const machine = aMachine(await aReferee(), await aChain());
    const { printed } = await follow(machine, ['--wallet', machine.wallet, '--dry-run']);
    expect(printed).toContain('dry run: nothing is sent; would send 2: 65535');
    expect(printed).toContain(`for ${VALIDATOR}`);
    expect(existsSync(machine.stateFile)).toBe(false);
  });

  it('gives everything to the subnet’s owner while nobody has won', async () => {
    const referee = await aReferee(aServerKey(), aStanding({ submissions: [] }));
    const { printed } = await follow(aMachine(referee, await aChain()), []);
    expect(printed).toContain('100.00 %  the subnet owner');
    expect(printed).toContain(`${OWNER} (the subnet owner)`);
  });
});

describe('weights --follow with a wallet', () => {
  it.each([
    ['plain', false, 2],
    // opening a ciphertext takes the chain double its time
    ['timelocked', true, 1],
  ])(
    'sets %s weights in every epoch and reads them back',
    { timeout: 60_000 },
    async (_, commitReveal, epochs) => {
      const referee = await aReferee();
      const chain = await aChain(commitReveal);
      const machine = aMachine(referee, chain);
      const enough = watching(chain, () => verifiedIn(machine.stateFile) >= epochs);
      const { code, printed } = await follow(machine, ['--wallet', machine.wallet], enough);
      expect(code).toBe(0);
      expect(printed).toContain('verified: the row of epoch');
      expect(chain.subnet(24).row(VALIDATOR)).toEqual(ROW);
      const perEpoch = chain.record.inclusionsByEpoch(VALIDATOR, 24).map(([, count]) => count);
      expect(perEpoch.length).toBeGreaterThanOrEqual(epochs);
      expect(new Set(perEpoch)).toEqual(new Set([1]));
      expect(stateOf(machine.stateFile).referees[referee.url]).toMatchObject({
        publicKey: referee.key.publicKey,
        round: 3,
      });
    },
  );

  it('pays the last proven shares while the Referee is out', async () => {
    const referee = await aReferee();
    const chain = await aChain();
    const machine = aMachine(referee, chain);
    const once = watching(chain, () => verifiedIn(machine.stateFile) >= 1);
    await follow(machine, ['--wallet', machine.wallet], once);
    referee.isDown = true;
    const twice = watching(chain, () => verifiedIn(machine.stateFile) >= 2);
    const { printed } = await follow(machine, ['--wallet', machine.wallet, '--json'], twice);
    const [look] = printed.split('\n');
    expect(JSON.parse(look ?? '')).toMatchObject({
      standing: { accepted: false, problem: { code: 'unreachable' } },
      alerts: [{ code: 'carried_over', severity: 'warn' }],
      shares: [{ hotkey: HOTKEYS[0], share: 0.6 }, {}, {}, {}],
    });
    expect(chain.subnet(24).row(VALIDATOR)).toEqual(ROW);
  });

  it('asks a signer on its socket, and sends nothing by one for another subnet', async () => {
    const chain = await aChain();
    const machine = aMachine(await aReferee(), chain);
    const socketPath = path.join(machine.folder, 'signer.sock');
    await expect(follow(machine, ['--signer-socket', socketPath, '--once'])).rejects.toThrow('start it');
    const stop = await aSigner(machine.wallet, socketPath, { netuid: 25, genesisHash: chain.genesisHash });
    const wrong = await follow(machine, ['--signer-socket', socketPath, '--once']);
    expect(wrong.code).toBe(1);
    expect(wrong.printed).toContain('it has netuid 25 instead of 24');
    expect(chain.record.submissions).toEqual([]);
    await stop();
    await aSigner(machine.wallet, socketPath, { netuid: 24, genesisHash: chain.genesisHash });
    const right = await follow(machine, ['--signer-socket', socketPath, '--once']);
    expect(right).toMatchObject({ code: 0 });
    expect(chain.record.submissions).toHaveLength(1);
  });

  it('sets the weights of an account whose proxy the key is', async () => {
    const chain = await aChain();
    chain.setProxies(VALIDATOR, [FROM_URI.ss58Address]);
    await chain.mine();
    const machine = aMachine(await aReferee(), chain);
    const wallet = path.join(machine.folder, 'proxy');
    writeFileSync(wallet, JSON.stringify(FROM_URI), { mode: 0o600 });
    const enough = watching(chain, () => verifiedIn(machine.stateFile) >= 1);
    await follow(machine, ['--wallet', wallet, '--proxy-for', VALIDATOR], enough);
    expect(chain.subnet(24).row(VALIDATOR)).toEqual(ROW);
  });

  it('says with its exit code when one look found what needs a person', async () => {
    const chain = await aChain();
    chain.subnet(24).setPermit(VALIDATOR, false);
    await chain.mine();
    const machine = aMachine(await aReferee(), chain);
    const { code, printed } = await follow(machine, ['--wallet', machine.wallet, '--once']);
    expect(code).toBe(1);
    expect(printed).toContain('! page no_permit');
  });

  it('says with its exit code that one look could not read the chain', async () => {
    const machine = aMachine(await aReferee(), {
      url: 'ws://127.0.0.1:9',
      genesisHash: `0x${'0'.repeat(64)}`,
    });
    const { code, printed } = await follow(machine, ['--wallet', machine.wallet, '--once']);
    expect(printed).toContain('no block could be read');
    expect(code).toBe(1);
  });

  it('works alone with its state file', async () => {
    const chain = await aChain();
    const machine = aMachine(await aReferee(), chain);
    const inside: { error?: unknown } = {};
    const stop = new AbortController();
    await follow(machine, ['--wallet', machine.wallet], {
      stop: stop.signal,
      sleep: async () => {
        await follow(machine, ['--wallet', machine.wallet]).catch((error) => {
          inside.error = error;
        });
        stop.abort();
      },
    });
    expect(inside.error).toMatchObject({ name: 'CommandError' });
    expect(inside.error).toHaveProperty('message', expect.stringContaining(`process ${process.pid} on`));
  });
});

describe('weights --follow stops', () => {
  const refused = async (
    change: (referee: Awaited<ReturnType<typeof aReferee>>) => void,
    more: readonly string[] = [],
    fetch?: typeof globalThis.fetch,
  ) => {
    const referee = await aReferee();
    change(referee);
    const chain = await aChain();
    const machine = aMachine(referee, chain);
    const run = follow(machine, ['--wallet', machine.wallet, '--once', ...more], fetch ? { fetch } : {});
    const error = await run.then(
      () => null,
      (thrown: Error) => thrown,
    );
    expect(chain.record.submissions).toEqual([]);
    expect(existsSync(machine.stateFile)).toBe(false);
    expect(error).toMatchObject({ name: 'CommandError', exitCode: 1 });
    return error?.message ?? '';
  };
  const nothing = () => undefined;

  it('at a published share that does not follow, and names the submission', async () => {
    const message = await refused((referee) => {
      const submissions = [aRanked(1), aRanked(2, { score: 400_000 })];
      referee.payload = aStanding({ submissions });
    });
    expect(message).toBe(
      'submission 42 differs: its score is published as 400000, and its figures give 150000. No weights are sent',
    );
  });

  it('at another subnet, an old standing and one of the future', async () => {
    const at = (ms: number) => (referee: { payload: unknown }) => {
      referee.payload = aStanding({ issuedAt: iso(ms) });
    };
    expect(await refused(nothing, ['--netuid', '25'])).toContain(
      'netuid 24 of test, and weights are wanted for netuid 25',
    );
    expect(await refused(nothing, ['--network', 'finney'])).toContain(
      'netuid 24 of test, and weights are wanted',
    );
    expect(await refused(at(ISSUED_AT - 25 * 3_600_000))).toContain('more than 24 h ago');
    expect(await refused(at(ISSUED_AT + 3_600_000))).toContain('set the clocks');
  });

  it('at a signature of another key than the one that is asked for', async () => {
    const { keyId, publicKey } = aServerKey();
    for (const key of [keyId, publicKey])
      expect(await refused(nothing, ['--server-key', key])).toContain(`and --server-key says ${keyId}`);
  });

  it('at a standing that was changed on its way', async () => {
    const tampering = (async (url: string) => {
      const text = await (await fetch(url)).text();
      return new Response(text.replace('"share":0.6', '"share":0.61'));
    }) as typeof globalThis.fetch;
    expect(await refused(nothing, [], tampering)).toContain('the signature of the standing does not hold');
  });

  const answering = (status: number, text: string) => (async () => new Response(text, { status })) as never;
  it.each([
    ['a page', 200, '<html>', 'gives no JSON: check that it is the address'],
    ['something else', 200, '{"hello":1}', 'not a Quasar Referee that publishes a standing'],
    ['nothing there', 404, '{}', 'an old Referee publishes no standing'],
    ['a refusal', 403, '{}', 'answered 403'],
    ['too much', 200, ' '.repeat(9_000_000), 'gives more than'],
    ['a fault', 502, 'Bad Gateway', 'answered 502: the Referee is out of order'],
  ])('at %s', async (_, status, text, words) => {
    expect(await refused(nothing, [], answering(status, text))).toContain(words);
  });

  it('and waits for no second answer where the first one will not do', async () => {
    const asked: AbortSignal[] = [];
    const half = (async (url: string, { signal }: { signal: AbortSignal }) => {
      asked.push(signal);
      if (url.includes('well-known')) return new Response('', { status: 404 });
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    }) as never;
    expect(await refused(nothing, [], half)).toContain('there is nothing at');
    expect(asked.map(({ aborted }) => aborted)).toEqual([true, true]);
  });

  it('at an address that sends elsewhere', async () => {
    const headers = { location: 'https://www.referee.example/api' };
    const moved = (async () => new Response(null, { status: 301, headers })) as never;
    expect(await refused(nothing, [], moved)).toContain(
      'sends elsewhere, to https://www.referee.example/api: give the address of the Referee itself',
    );
  });

  it('at a signed standing of another form, and says where', async () => {
    const message = await refused((referee) => {
      const sound = aStanding();
      referee.payload = { ...sound, submissions: sound.submissions.map((one) => ({ ...one, score: -1 })) };
    });
    expect(message).toContain('signed, and not of the form that this command knows (at submissions.0.score)');
  });

  it('at no answer', async () => {
    const gone = (async () => {
      throw new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED') });
    }) as never;
    expect(await refused(nothing, [], gone)).toMatch(/no answer from http:.*: connect ECONNREFUSED/);
  });
});

describe('the key of a Referee', () => {
  it('is trusted on first use, and another one refused until somebody says otherwise', async () => {
    const referee = await aReferee();
    const machine = aMachine(referee, await aChain());
    await follow(machine, ['--wallet', machine.wallet, '--once']);
    const old = referee.key;
    referee.key = aServerKey();
    await expect(follow(machine, ['--wallet', machine.wallet, '--once'])).rejects.toThrow(
      `signs with key ${referee.key.keyId}, and the state file ${machine.stateFile}, from its first use, says ${old.keyId}`,
    );
    // in a dry run too, which keeps nothing
    await expect(follow(machine, [])).rejects.toThrow('name that one with --server-key');
    const told = await follow(machine, [
      '--wallet',
      machine.wallet,
      '--once',
      '--server-key',
      referee.key.keyId,
    ]);
    expect(told.printed).not.toContain('not seen before');
    await follow(machine, ['--wallet', machine.wallet, '--once']);
  });

  it('is led back in no steps, however small', async () => {
    const referee = await aReferee();
    const machine = aMachine(referee, await aChain());
    const once = () => follow(machine, ['--wallet', machine.wallet, '--once']);
    await once();
    referee.payload = aStanding({ issuedAt: iso(ISSUED_AT - 6 * 60_000) });
    await once();
    referee.payload = aStanding({ issuedAt: iso(ISSUED_AT - 12 * 60_000) });
    await expect(once()).rejects.toThrow('was seen already');
  });

  it('signs no older standing than the one that was seen', async () => {
    const referee = await aReferee();
    const machine = aMachine(referee, await aChain());
    await follow(machine, ['--wallet', machine.wallet, '--once']);
    for (const older of [{ round: 2 }, { issuedAt: iso(ISSUED_AT - 3_600_000) }]) {
      referee.payload = aStanding(older);
      await expect(follow(machine, ['--wallet', machine.wallet, '--once'])).rejects.toThrow(
        'was seen already',
      );
    }
  });
});

describe('the words of weights --follow', () => {
  it.each<[string, string[]]>([
    ['--netuid is missing', ['--follow', 'https://referee.example']],
    ['https is wanted', ['--follow', 'http://referee.example', '--netuid', '1']],
    ['--chain is missing', ['--follow', 'https://referee.example', '--netuid', '1']],
  ])('%s', async (message, argv) => {
    const machine = { ...aMachine({ url: '' }, { url: '', genesisHash: '' }), argv };
    await expect(follow(machine, [])).rejects.toMatchObject({
      name: 'UsageError',
      message: expect.stringContaining(message),
    });
  });

  it.each<[string, string[]]>([
    ['--once and --watch exclude', ['--once', '--watch']],
    ['--wallet and --signer-socket exclude', ['--wallet', 'a', '--signer-socket', 'b']],
    ['--password-file belongs to', ['--password-file', 'a']],
    ['--hotkey is for a dry run', ['--hotkey', VALIDATOR, '--wallet', 'a']],
    ['--genesis is not 0x', ['--genesis', '0x12']],
    ['--server-key is neither', ['--server-key', 'abc']],
    ['--proxy-for is not', ['--proxy-for', '1abc']],
    ['--chain holds what', ['--chain', 'wss://a.example,https://b.example']],
    ['--chain holds what', ['--chain', 'wss://a.example/#path']],
    ['--chain holds what', ['--chain', 'wss://name:password@a.example']],
  ])('%s', async (message, more) => {
    const machine = aMachine(
      { url: 'http://127.0.0.1:1' },
      { url: 'ws://127.0.0.1:1', genesisHash: `0x${'0'.repeat(64)}` },
    );
    await expect(follow(machine, more)).rejects.toMatchObject({
      name: 'UsageError',
      message: expect.stringContaining(message),
    });
  });

  it('of a state file that is none, and of a wallet that is absent', async () => {
    const machine = aMachine(await aReferee(), await aChain());
    await expect(follow(machine, ['--wallet', `${machine.wallet}-2`])).rejects.toThrow(
      'cannot read the hotkey file',
    );
    writeFileSync(machine.stateFile, '{"version":2}');
    await expect(follow(machine, ['--wallet', machine.wallet, '--once'])).rejects.toThrow(
      'is not a state file of this command',
    );
    expect(readFileSync(machine.stateFile, 'utf8')).toBe('{"version":2}');
  });
});

/** A validator elsewhere: takes the command file and the signed standing from an App, and sets weights with its own hotkey. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Envelope, isSealedBy, WellKnown } from '../../app/chain/standing/envelope.ts';
import { StandingPayload } from '../../app/chain/standing/payload.ts';
import { recount } from '../../app/chain/standing/recompute.ts';
import { PLAIN } from '../chain/keyfile-vectors.ts';
import { aFolder } from '../cli/io.ts';
import { NETWORK } from '../demo/stage.ts';
import { type ChainDouble, startChainDouble } from '../doubles/chain/start.ts';
import { Arena, eventually } from './arena.ts';

const OWNER = '5EYCAe5ijiYfyeZ2JJCGq56LmPyNRAKzpG4QkoQkkQNB5e6Z';
const VALIDATOR = PLAIN.ss58Address;

describe('a validator elsewhere', () => {
  let arena: Arena;
  let chain: ChainDouble;
  let winner: string;

  beforeAll(async () => {
    arena = await Arena.open();
    await arena.startApp();
    const fork = await arena.fork('followed');
    const sha = await arena.push(fork);
    expect(await arena.concluded(fork, sha)).toMatchObject({ reason: 'accepted', rank: 1 });
    winner = fork.hotkey;
    chain = await startChainDouble({
      subnets: [
        {
          netuid: NETWORK.netuid,
          tempo: 30,
          weightsSetRateLimit: 10,
          commitReveal: false,
          neurons: [
            { hotkey: OWNER },
            { hotkey: VALIDATOR, permit: true, stakeRao: 5_000n },
            { hotkey: winner },
          ],
        },
      ],
    });
  });

  afterAll(async () => {
    await chain?.close();
    await arena?.close();
  });

  const ask = async (at: string) => (await fetch(`${arena.door.origin}${at}`)).json();

  it('finds a standing that is signed, that follows, and whose key a restart does not change', async () => {
    const wellKnown = WellKnown.parse(await ask('/.well-known/quasar-referee.json'));
    const [key] = wellKnown.keys;
    const envelope = Envelope.parse(await ask('/api/v1/standing'));
    expect(isSealedBy(envelope, key?.publicKey ?? '')).toBe(true);
    const payload = StandingPayload.parse(envelope.payload);
    expect(recount(payload)).toEqual({ kind: 'same', shares: [{ hotkey: winner, share: 0.6 }] });
    expect(payload.submissions).toMatchObject([{ place: 1, hotkey: winner, results: [expect.any(String)] }]);
    await arena.stage.stopApp('SIGKILL');
    await arena.startApp();
    expect(WellKnown.parse(await ask('/.well-known/quasar-referee.json'))).toEqual(wellKnown);
  });

  it('sets the weights that follow, with the command file that the App serves', {
    timeout: 180_000,
  }, async () => {
    const folder = aFolder();
    const cli = await eventually('the command file is built', async () => {
      const answer = await fetch(`${arena.door.origin}/cli.mjs`);
      return answer.status === 200 && (await answer.text());
    });
    writeFileSync(path.join(folder, 'cli.mjs'), cli);
    writeFileSync(path.join(folder, 'hotkey'), JSON.stringify(PLAIN), { mode: 0o600 });
    const look = async (...more: string[]) => {
      const argv = ['cli.mjs', 'weights', '--follow', arena.door.origin, '--netuid', `${NETWORK.netuid}`];
      argv.push('--network', NETWORK.network, '--chain', chain.url, '--genesis', chain.genesisHash, '--once');
      argv.push('--state', 'state.json', '--json', ...more);
      const { stdout } = await promisify(execFile)(process.execPath, argv, { cwd: folder, env: {} });
      return JSON.parse(stdout);
    };
    expect(await look()).toMatchObject({
      dryRun: true,
      shares: [{ hotkey: winner, share: 0.6 }],
      uids: [2, 0],
      values: [65_535, 43_690],
    });
    const kinds = ({ steps }: { steps: { kind: string }[] }) => steps.map(({ kind }) => kind);
    expect(kinds(await look('--wallet', 'hotkey'))).toContain('sent');
    await chain.mine();
    expect(kinds(await look('--wallet', 'hotkey'))).toContain('verified');
    expect(chain.subnet(NETWORK.netuid).row(VALIDATOR)).toEqual([
      [2, 65_535],
      [0, 43_690],
    ]);
  });
});

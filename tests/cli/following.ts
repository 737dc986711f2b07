/** A Referee that answers, a chain, and a validator's hotkey: what `weights --follow` needs around it. */
import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { readKeyfile } from '../../app/chain/keyfile.ts';
import { createSigner } from '../../app/chain/signer.ts';
import { startSignerServer } from '../../app/chain/signer-server.ts';
import { keyIdOf, rawPublicKey } from '../../app/chain/standing/envelope.ts';
import type { StandingPayload } from '../../app/chain/standing/payload.ts';
import type { ServerKey } from '../../app/chain/standing/server-key.ts';
import { type FollowParts, followCommand } from '../../app/cli/weights-follow.ts';
import { standingRoutes } from '../../app/http/standing-routes.ts';
import { PLAIN } from '../chain/keyfile-vectors.ts';
import { aStanding, HOTKEYS, ISSUED_AT } from '../chain/standing/a-standing.ts';
import { type ChainDouble, startChainDouble } from '../doubles/chain/start.ts';
import { running } from '../http/running.ts';
import { aFolder, anIo } from './io.ts';

export const NETUID = 24;
/** Whose weights are set: at uid 1. The owner is at 0, and the five of the standing from 2 on. */
export const VALIDATOR = PLAIN.ss58Address;
export const OWNER = '5EYCAe5ijiYfyeZ2JJCGq56LmPyNRAKzpG4QkoQkkQNB5e6Z';

export function aServerKey(): ServerKey {
  const { privateKey } = generateKeyPairSync('ed25519');
  const publicKey = rawPublicKey(privateKey);
  return { privateKey, publicKey, keyId: keyIdOf(publicKey) };
}

export async function aReferee(key = aServerKey(), payload: StandingPayload = aStanding()) {
  const referee = { key, payload, isDown: false };
  const routes = () =>
    standingRoutes({
      read: async () => {
        if (referee.isDown) throw new Error('the database does not answer');
        return referee.payload;
      },
      key: referee.key,
      network: 'test',
      netuid: NETUID,
      version: '1.2.3',
    });
  const paths = routes().map((route) => ({
    ...route,
    // the key may be another one by then
    handle: (request: Parameters<typeof route.handle>[0]) => {
      const now = routes().find(({ path: same }) => same === route.path);
      if (now === undefined) throw new Error('no such route');
      return now.handle(request);
    },
  }));
  const { url } = await running(paths);
  return Object.assign(referee, { url });
}
export type Referee = Awaited<ReturnType<typeof aReferee>>;

export async function aChain(commitReveal = false): Promise<ChainDouble> {
  const neurons = [
    { hotkey: OWNER },
    { hotkey: VALIDATOR, permit: true, stakeRao: 5_000n },
    ...HOTKEYS.map((hotkey) => ({ hotkey })),
  ];
  const double = await startChainDouble({
    subnets: [{ netuid: NETUID, tempo: 30, weightsSetRateLimit: 10, commitReveal, neurons }],
  });
  onTestFinished(() => double.close());
  return double;
}

/** A signer process's socket, opened in this one; ends with the test, or earlier by what it returns. */
export async function aSigner(
  wallet: string,
  socketPath: string,
  { netuid, genesisHash }: { netuid: number; genesisHash: string },
): Promise<() => Promise<void>> {
  const signer = createSigner({
    pair: await readKeyfile(wallet, { password: null }),
    policy: { netuid, genesisHash, proxyFor: null },
    limit: { signatures: 10, windowMs: 60_000 },
    now: Date.now,
    log: () => undefined,
  });
  const server = await startSignerServer({ signer, socketPath, group: false, log: () => undefined });
  let ended: Promise<void> | null = null;
  const stop = () => {
    ended ??= server.stop();
    return ended;
  };
  onTestFinished(stop);
  return stop;
}

/** The validator's machine: a folder with the hotkey's file. */
export function aMachine(referee: { url: string }, chain: { url: string; genesisHash: string }) {
  const folder = aFolder();
  const wallet = path.join(folder, 'hotkey');
  writeFileSync(wallet, JSON.stringify(PLAIN), { mode: 0o600 });
  const stateFile = path.join(folder, 'state.json');
  const argv = ['--follow', referee.url, '--netuid', `${NETUID}`, '--network', 'test', '--chain', chain.url];
  return {
    folder,
    wallet,
    stateFile,
    argv: [...argv, '--genesis', chain.genesisHash, '--state', stateFile],
  };
}
export type Machine = ReturnType<typeof aMachine>;

export interface RunOptions extends Partial<FollowParts> {
  readonly fetch?: typeof fetch;
}

export async function follow(machine: Machine, more: readonly string[], options: RunOptions = {}) {
  const io = anIo({ fetch: options.fetch ?? fetch, cwd: machine.folder, env: { HOME: machine.folder } });
  const parts: FollowParts = {
    now: () => ISSUED_AT + 30_000,
    sleep: async () => {
      throw new Error('nobody sleeps in this test');
    },
    stop: new AbortController().signal,
    chain: {},
    ...options,
  };
  const code = await followCommand([...machine.argv, ...more], io, parts);
  return { code, printed: io.printed(), said: io.said() };
}

/** Looks on and on, five blocks apart at most, until `isEnough` says so. */
export function watching(
  chain: ChainDouble,
  isEnough: () => boolean | Promise<boolean>,
): Partial<FollowParts> {
  const stop = new AbortController();
  let looks = 0;
  return {
    stop: stop.signal,
    chain: { beacon: chain.beacon },
    sleep: async (ms) => {
      looks += 1;
      if (await isEnough()) return stop.abort();
      if (looks > 200) throw new Error('that is never reached');
      await chain.mine(Math.min(5, Math.max(1, Math.round(ms / 12_000))));
    },
  };
}

/** A chain double with one subnet, and connections to it that end with the test. */
import { randomBytes } from 'node:crypto';
import { onTestFinished } from 'vitest';
import type { RuntimeCall } from '../../../app/chain/calls.ts';
import { chooseCall } from '../../../app/chain/calls.ts';
import { encodeCall } from '../../../app/chain/calls-bytes.ts';
import type { ChainView } from '../../../app/chain/chain.ts';
import {
  type ConnectedChain,
  type ConnectOptions,
  connectChain,
} from '../../../app/chain/connection/connect.ts';
import { HotkeyPair } from '../../../app/chain/keyfile-pair.ts';
import { createSigner, type WeightSigner } from '../../../app/chain/signer.ts';
import { timelockEncrypt } from '../../../app/chain/timelock.ts';
import { timelockPayload } from '../../../app/chain/timelock-payload.ts';
import type { Hotkey } from '../../../app/ids.ts';
import { type ChainDouble, type ChainDoubleOptions, startChainDouble } from '../../doubles/chain/start.ts';
import { ManualTimers } from './manual-timers.ts';

export const NETUID = 7;
export const VALIDATOR = HotkeyPair.fromMiniSecret(Buffer.alloc(32, 7));
/** Registered nowhere. */
export const STRANGER = HotkeyPair.fromMiniSecret(Buffer.alloc(32, 9));
const OWNER = HotkeyPair.fromMiniSecret(Buffer.alloc(32, 8));

/** Netuid 7 takes plain weights; `VALIDATOR` has uid 1 and a permit. */
export async function aDouble(options: ChainDoubleOptions = {}): Promise<ChainDouble> {
  const double = await startChainDouble({
    subnets: [
      {
        netuid: NETUID,
        tempo: 360,
        commitReveal: false,
        neurons: [{ hotkey: OWNER.hotkey }, { hotkey: VALIDATOR.hotkey, permit: true, stakeRao: 5_000n }],
      },
    ],
    ...options,
  });
  onTestFinished(() => double.close());
  return double;
}

/** A connection whose time stands still. */
export function connected(
  endpoints: readonly string[],
  { genesisHash }: { readonly genesisHash: string },
  options: Partial<ConnectOptions> = {},
): { readonly chain: ConnectedChain; readonly timers: ManualTimers } {
  const timers = new ManualTimers();
  const chain = connectChain({ endpoints, genesisHash, timers, ...options });
  onTestFinished(() => chain.close());
  return { chain, timers };
}

export function aSigner(
  { genesisHash }: { readonly genesisHash: string },
  {
    pair = VALIDATOR,
    proxyFor = null,
  }: { readonly pair?: HotkeyPair; readonly proxyFor?: Hotkey | null } = {},
): WeightSigner {
  return createSigner({
    pair,
    policy: { netuid: NETUID, genesisHash, proxyFor },
    limit: { signatures: 100, windowMs: 1_000 },
    now: () => 0,
    log: () => undefined,
  });
}

/** The call data of a row that pays the owner and the validator. */
export function weights(view: ChainView, values: readonly [number, number] = [65_535, 27_306]): Uint8Array {
  const call = callFor(view, false);
  return encodeCall(call, {
    kind: 'plain',
    netuid: NETUID,
    mecid: 0,
    row: { uids: [0, 1], values },
    versionKey: 0n,
  });
}

/** The same as a commit that opens with that round of the double's beacon. */
export function timelocked(
  view: ChainView,
  { publicKey }: { readonly publicKey: string },
  revealRound: number,
): Uint8Array {
  const payload = timelockPayload({
    hotkey: VALIDATOR.publicKey,
    uids: [0, 1],
    values: [65_535, 27_306],
    versionKey: 0n,
  });
  const commit = timelockEncrypt(payload, revealRound, { random: randomBytes, publicKey });
  return encodeCall(callFor(view, true), {
    kind: 'timelocked',
    netuid: NETUID,
    mecid: 0,
    commit,
    revealRound,
  });
}

function callFor({ calls }: ChainView, commitReveal: boolean): RuntimeCall {
  const choice = chooseCall(calls, { commitReveal, version: 4 });
  if (choice.kind !== 'call') throw new Error(choice.message);
  return choice.call;
}

/** Signed at the newest finalized block. */
export async function signedWeights(chain: ConnectedChain, values?: readonly [number, number]) {
  const view = await chain.finalized();
  const nonce = await chain.nextNonce(VALIDATOR.hotkey);
  return chain.sign(view, weights(view, values), {
    account: VALIDATOR.hotkey,
    nonce,
    signer: aSigner(chain),
  });
}

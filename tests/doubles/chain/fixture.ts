/** A double with one subnet, and an unmodified polkadot-js at it, for the double's own tests. */
import { ApiPromise, WsProvider } from '@polkadot/api';
import type { ApiOptions, SubmittableExtrinsic } from '@polkadot/api/types';
import { Keyring } from '@polkadot/keyring';
import type { KeyringPair } from '@polkadot/keyring/types';
import type { Codec } from '@polkadot/types/types';
import { onTestFinished } from 'vitest';
import { type ChainDouble, type ChainDoubleOptions, startChainDouble } from './start.ts';
import type { SubnetSetup } from './subnet-setup.ts';

export const NETUID = 7;
const keys = new Keyring({ type: 'sr25519', ss58Format: 42 });
export const pairOf = (uri: string): KeyringPair => keys.addFromUri(uri);

export interface Fixture {
  readonly double: ChainDouble;
  readonly api: ApiPromise;
  /** Uid 1, with permit and stake. */
  readonly validator: KeyringPair;
  readonly owner: KeyringPair;
}

/** Five neurons: the owner (0), the validator (1) and miners (2 to 4). Ends with the test. */
export async function openDouble(
  subnet: Partial<SubnetSetup> = {},
  options: ChainDoubleOptions = {},
): Promise<Fixture> {
  const [owner, validator] = [pairOf('//Owner'), pairOf('//Validator')];
  const neurons = [
    { hotkey: owner.address },
    { hotkey: validator.address, permit: true, stakeRao: 5_000n },
    ...[2, 3, 4].map((uid) => ({ hotkey: pairOf(`//Miner${uid}`).address })),
  ];
  const double = await startChainDouble({
    stakeThreshold: 1_000,
    subnets: [{ netuid: NETUID, tempo: 20, weightsSetRateLimit: 5, commitReveal: false, neurons, ...subnet }],
    ...options,
  });
  onTestFinished(() => double.close());
  const api = await connect(double.url);
  return { double, api, owner, validator };
}

/** Ends with the test. */
export async function connect(url: string): Promise<ApiPromise> {
  // its types do not know `exactOptionalPropertyTypes`
  const provider = new WsProvider(url, 50) as unknown as NonNullable<ApiOptions['provider']>;
  const api = await ApiPromise.create({ provider, noInitWarn: true, throwOnConnect: true });
  onTestFinished(() => api.disconnect());
  return api;
}

export type Tx = SubmittableExtrinsic<'promise'>;

export function tx(api: ApiPromise, name: string, ...args: readonly unknown[]): Tx {
  const [pallet = '', call = ''] = name.split('.');
  const make = api.tx[pallet]?.[call];
  if (make === undefined) throw new Error(`the runtime has no call ${name}`);
  return make(...args);
}

/** A row of the validator for the miners, in plain. */
export const plainRow = (api: ApiPromise, values = [65_535, 27_306, 10_922], versionKey = 0): Tx =>
  tx(
    api,
    'subtensorModule.setMechanismWeights',
    NETUID,
    0,
    [2, 3, 4].slice(0, values.length),
    values,
    versionKey,
  );

/** Signs for an era of 32 blocks, with the nonce after everything in the pool. */
export async function signed(api: ApiPromise, call: Tx, pair: KeyringPair, nonce?: number): Promise<Tx> {
  const next = nonce ?? Number(await api.rpc.system.accountNextIndex(pair.address));
  return call.signAsync(pair, { nonce: next, era: 32 });
}

/** Submits and answers with the refusal, or null. */
export async function refusal(api: ApiPromise, extrinsic: Tx | string): Promise<string | null> {
  try {
    await api.rpc.author.submitExtrinsic(extrinsic as Tx);
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Asks without polkadot-js's own look at what is asked; the answer, or the error's message. */
export async function rawRequest(url: string, method: string, params: readonly unknown[]): Promise<unknown> {
  const provider = new WsProvider(url);
  await provider.isReady;
  try {
    return await provider.send(method, [...params]);
  } catch (error) {
    return (error as Error).message;
  } finally {
    await provider.disconnect();
  }
}

/** Reads an item of storage at the head, as JSON. */
export async function read(api: ApiPromise, item: string, ...args: readonly unknown[]): Promise<unknown> {
  const [pallet = '', name = ''] = item.split('.');
  const at = await api.at(await api.rpc.chain.getBlockHash());
  const value: Codec | undefined = await at.query[pallet]?.[name]?.(...args);
  if (value === undefined) throw new Error(`the runtime stores no ${item}`);
  return value.toJSON();
}

/** `section.method` of a block's events, each with its phase: the index of an extrinsic, or `i` for the beginning. */
export async function eventsOf(api: ApiPromise, hash: string): Promise<string[]> {
  const at = await api.at(hash);
  const records = (await at.query.system?.events?.()) as unknown as readonly {
    readonly phase: { readonly isInitialization: boolean; readonly asApplyExtrinsic: Codec };
    readonly event: { readonly section: string; readonly method: string };
  }[];
  return records.map(
    ({ phase, event }) =>
      `${phase.isInitialization ? 'i' : phase.asApplyExtrinsic.toString()} ${event.section}.${event.method}`,
  );
}

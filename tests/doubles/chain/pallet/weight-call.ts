/** A weight call as the pallet reads its arguments. */
import type { Call } from '@polkadot/types/interfaces';
import type { Codec } from '@polkadot/types/types';

export type WeightCall = { readonly name: string; readonly netuid: number; readonly mecid: number } & (
  | {
      readonly kind: 'plain';
      readonly uids: readonly number[];
      readonly values: readonly number[];
      readonly versionKey: bigint;
    }
  | {
      readonly kind: 'timelocked';
      readonly commit: Uint8Array;
      readonly round: number;
      /** Null for a call that says none. */
      readonly version: number | null;
    }
);

const PLAIN = new Set(['set_weights', 'set_mechanism_weights']);
const TIMELOCKED = new Set([
  'commit_timelocked_weights',
  'commit_timelocked_mechanism_weights',
  'commit_crv3_weights',
]);

/** Null for any other call. */
export function weightCall(call: Call): WeightCall | null {
  const name = call.meta.name.toString();
  if (call.section !== 'subtensorModule' || !(PLAIN.has(name) || TIMELOCKED.has(name))) return null;
  const args = call.argsEntries;
  const arg = (wanted: string): Codec | undefined => args.find(([found]) => snake(found) === wanted)?.[1];
  const number = (wanted: string) => Number(arg(wanted)?.toString() ?? 0);
  const place = { name, netuid: number('netuid'), mecid: number('mecid') };
  if (PLAIN.has(name))
    return {
      ...place,
      kind: 'plain',
      uids: arg('dests')?.toJSON() as number[],
      values: arg('weights')?.toJSON() as number[],
      versionKey: BigInt(arg('version_key')?.toString() ?? 0),
    };
  const version = arg('commit_reveal_version');
  return {
    ...place,
    kind: 'timelocked',
    commit: (arg('commit') as Codec & { toU8a(isBare: boolean): Uint8Array }).toU8a(true),
    round: number('reveal_round'),
    version: version === undefined ? null : Number(version.toString()),
  };
}

const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** The weight calls of real runtimes, as their metadata has them. */
import type { MetadataCall } from '../../app/chain/calls.ts';

/** `name(arg: type, ...)` of pallet 7. */
export function aMetadataCall(index: number, signature: string): MetadataCall {
  const [, name = '', args = ''] = /^(\w+)\((.*)\)$/.exec(signature) ?? [];
  return {
    pallet: 7,
    index,
    name,
    args: args.split(', ').map((arg) => {
      const [argName = '', type = ''] = arg.split(': ');
      return { name: argName, type };
    }),
  };
}

const setWeights = aMetadataCall(
  0,
  'set_weights(netuid: u16, dests: Vec<u16>, weights: Vec<u16>, version_key: u64)',
);
const batch = aMetadataCall(80, 'batch_set_weights(netuids: Vec<u16>, version_keys: Vec<u64>)');

export const SPEC_293: readonly MetadataCall[] = [
  setWeights,
  batch,
  aMetadataCall(99, 'commit_crv3_weights(netuid: u16, commit: Bytes, reveal_round: u64)'),
];

export const SPEC_393: readonly MetadataCall[] = [
  setWeights,
  batch,
  aMetadataCall(
    113,
    'commit_timelocked_weights(netuid: u16, commit: Bytes, reveal_round: u64, commit_reveal_version: u16)',
  ),
  aMetadataCall(
    117,
    'commit_crv3_mechanism_weights(netuid: u16, mecid: u8, commit: Bytes, reveal_round: u64)',
  ),
  aMetadataCall(
    118,
    'commit_timelocked_mechanism_weights(netuid: u16, mecid: u8, commit: Bytes, reveal_round: u64, commit_reveal_version: u16)',
  ),
  aMetadataCall(
    119,
    'set_mechanism_weights(netuid: u16, mecid: u8, dests: Vec<u16>, weights: Vec<u16>, version_key: u64)',
  ),
];

/** Calls into the runtime without a transaction: its metadata, nonces, and the metagraph. */
import { compactAddLength, u8aConcat, u8aToHex } from '@polkadot/util';
import { METAGRAPH_FIELDS } from '../metadata/runtime-apis.ts';
import type { Block } from '../node/block.ts';
import { ChainState } from '../node/chain-state.ts';
import type { ChainNode } from '../node/node.ts';
import { metagraph } from './metagraph.ts';
import { RpcError } from './rpc-error.ts';

const NONE = '0x00';
const METADATA_VERSIONS = [14, 15] as const;

/** Throws `RpcError` as a node does for what no runtime exports. */
export function stateCall(node: ChainNode, name: string, argument: Uint8Array, block: Block): string {
  const { runtime } = block;
  const { registry } = runtime;
  const state = new ChainState(node.storage, { runtime, number: block.number });
  const encoded = (type: string, value: unknown) => u8aToHex(registry.createType(type, value).toU8a());
  switch (name) {
    case 'Metadata_metadata_versions':
      return encoded('Vec<u32>', METADATA_VERSIONS);
    case 'Metadata_metadata_at_version': {
      const version = METADATA_VERSIONS.find(
        (each) => each === registry.createType('u32', argument).toNumber(),
      );
      return version === undefined ? NONE : someBytes(runtime.metadata[`v${version}`]);
    }
    case 'AccountNonceApi_account_nonce': {
      const account = registry.createType('AccountId32', argument).toString();
      return encoded('u32', state.json<{ nonce: number }>('System.Account', account).nonce);
    }
    case 'SubnetInfoRuntimeApi_get_metagraph': {
      const netuid = registry.createType('u16', argument).toNumber();
      return encoded('Option<PalletSubtensorRpcInfoMetagraph>', metagraph(state, netuid));
    }
    case 'SubnetInfoRuntimeApi_get_selective_metagraph': {
      const [netuid, wanted] = registry.createType('(u16, Vec<u16>)', argument).toJSON() as [
        number,
        number[],
      ];
      const graph = metagraph(state, netuid);
      const names = new Set(wanted.map((index) => (METAGRAPH_FIELDS as Record<number, string>)[index]));
      const chosen =
        graph === null
          ? null
          : Object.fromEntries(
              Object.entries(graph).filter(([field]) => field === 'netuid' || names.has(snake(field))),
            );
      return encoded('Option<PalletSubtensorRpcInfoMetagraphSelectiveMetagraph>', chosen);
    }
    default:
      throw new RpcError(
        4003,
        `Client error: Execution failed: Execution aborted due to trap: Exported method ${name} is not found`,
      );
  }
}

const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** SCALE of `Some(bytes)`. */
function someBytes(bytes: Uint8Array): string {
  return u8aToHex(u8aConcat([1], compactAddLength(bytes)));
}

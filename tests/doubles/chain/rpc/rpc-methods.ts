/** The JSON-RPC methods of a node that answer once. */
import { hexToU8a, u8aToHex } from '@polkadot/util';
import type { ChainNode } from '../node/node.ts';
import { stateCall } from './state-call.ts';

export type Params = readonly unknown[];
export type Method = (params: Params) => unknown;

const NO_JUSTIFICATION = null;

export function rpcMethods(node: ChainNode): Readonly<Record<string, Method>> {
  const { ledger, storage } = node;
  const valueAt = (key: unknown, block: number) => storage.at(String(key), block);
  return {
    chain_getBlockHash: ([number]) => {
      if (Array.isArray(number)) return number.map((each) => ledger.hashOf(Number(each)));
      return number === undefined || number === null ? ledger.head.hash : ledger.hashOf(Number(number));
    },
    chain_getHeader: ([hash]) => ledger.block(hash).header,
    chain_getFinalizedHead: () => ledger.finalized.hash,
    chain_getBlock: ([hash]) => {
      const { header, extrinsics } = ledger.block(hash);
      return { block: { header, extrinsics }, justifications: NO_JUSTIFICATION };
    },
    state_getRuntimeVersion: ([hash]) => ledger.blockWithState(hash).runtime.version(),
    state_getMetadata: ([hash]) => u8aToHex(ledger.blockWithState(hash).runtime.metadata.v14),
    state_call: ([name, argument, hash]) =>
      stateCall(node, String(name), hexToU8a(String(argument)), ledger.blockWithState(hash)),
    state_getStorage: ([key, hash]) => valueAt(key, ledger.blockWithState(hash).number),
    state_getStorageSize: ([key, hash]) => {
      const value = valueAt(key, ledger.blockWithState(hash).number);
      return value === null ? null : hexToU8a(value).length;
    },
    state_queryStorageAt: ([keys, hash]) => {
      const block = ledger.blockWithState(hash);
      return [
        { block: block.hash, changes: (keys as string[]).map((key) => [key, valueAt(key, block.number)]) },
      ];
    },
    state_getKeysPaged: ([prefix, count, after, hash]) => {
      const keys = storage.keys(String(prefix ?? '0x'), ledger.blockWithState(hash).number);
      const rest = typeof after === 'string' ? keys.filter((key) => key > after) : keys;
      return rest.slice(0, Number(count));
    },
    system_chain: () => node.options.chainName,
    system_name: () => 'subtensor-node',
    system_version: () => '4.0.0-double',
    system_health: () => ({ peers: 8, isSyncing: false, shouldHavePeers: true }),
    system_properties: () => ({ ss58Format: 42, tokenDecimals: 9, tokenSymbol: 'TAO' }),
    system_accountNextIndex: ([account]) => node.nextNonce(String(account)),
    author_submitExtrinsic: ([bytes]) => node.submit(bytes),
    author_pendingExtrinsics: () => node.pool.waiting.map(({ bytes }) => bytes),
  };
}

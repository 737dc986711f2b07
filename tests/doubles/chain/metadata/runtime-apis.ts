/** Runtime APIs: the nonce of an account, and the part of the metagraph that says what a validator weighs. */
import type { BaseTypes } from './base-types.ts';

/** Fields of the metagraph by the index that `get_selective_metagraph` knows them by. */
export const METAGRAPH_FIELDS = {
  52: 'hotkeys',
  57: 'validator_permit',
  59: 'last_update',
  66: 'block_at_registration',
  69: 'total_stake',
} as const;

export function runtimeApis(base: BaseTypes) {
  const { table, u16, u32, u64, bool, account, netuid } = base;
  const compacts = table.sequence(table.compact(u64));
  const fields = {
    hotkeys: table.sequence(account),
    validator_permit: table.sequence(bool),
    last_update: compacts,
    block_at_registration: compacts,
    total_stake: compacts,
  };
  // cut down: the real struct has some 75 fields, in this order
  const metagraph = table.struct('pallet_subtensor::rpc_info::metagraph::Metagraph', [
    ['netuid', table.compact(netuid)],
    ...Object.entries(fields),
  ]);
  const selective = table.struct('pallet_subtensor::rpc_info::metagraph::SelectiveMetagraph', [
    ['netuid', table.compact(netuid)],
    ...Object.entries(fields).map(([name, type]) => [name, table.option(type)] as const),
  ]);
  const method = (name: string, inputs: Record<string, number>, output: number) => ({
    name,
    inputs: Object.entries(inputs).map(([input, type]) => ({ name: input, type })),
    output,
    docs: [],
  });
  return [
    {
      name: 'SubnetInfoRuntimeApi',
      docs: [],
      methods: [
        method('get_metagraph', { netuid }, table.option(metagraph)),
        method(
          'get_selective_metagraph',
          { netuid, metagraph_indexes: table.sequence(u16) },
          table.option(selective),
        ),
      ],
    },
    { name: 'AccountNonceApi', docs: [], methods: [method('account_nonce', { account }, u32)] },
  ];
}

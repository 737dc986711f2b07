/** What was read of a subnet, kept with its block: its hotkeys for links, the rest for whoever looks into what was seen. */
import type { Database } from '../../db/connection.ts';
import { replaceSubnet } from '../../db/subnets.ts';
import type { SubnetState } from './subnet.ts';

/** False, and nothing is stored, when the state of a newer block already is. */
export async function saveSubnet(
  db: Database,
  state: SubnetState,
  { genesisHash, now }: { readonly genesisHash: string; readonly now: number },
): Promise<boolean> {
  const { netuid, block, uidOf } = state;
  return replaceSubnet(
    db,
    {
      genesisHash,
      netuid,
      block: block.number,
      blockHash: block.hash,
      state: JSON.stringify(state, asJson),
      readAt: now,
    },
    uidOf,
  );
}

function asJson(_: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  return value instanceof Map ? [...value] : value;
}

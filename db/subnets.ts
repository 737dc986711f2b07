/** What was last read of a subnet, and who is registered there. */
import { type Database, holdLock, type Queryable } from './connection.ts';

export interface SubnetRow {
  readonly genesisHash: string;
  readonly netuid: number;
  /** The finalized block that all of it was read at. */
  readonly block: number;
  readonly blockHash: string;
  /** JSON. */
  readonly state: string;
  /** Unix milliseconds. */
  readonly readAt: number;
}

/** SQLite takes 32,766 values in a statement, and a row has four. */
const ROWS_AT_ONCE = 500;

/**
 * Replaces the state and the set of registered hotkeys together. False, and nothing changes, when a newer block is
 * stored: another replica was faster.
 */
export async function replaceSubnet(
  db: Database,
  subnet: SubnetRow,
  uidOf: ReadonlyMap<string, number>,
): Promise<boolean> {
  const { genesisHash, netuid } = subnet;
  return db.transaction(async (trx) => {
    await holdLock(trx, `subnet ${genesisHash} ${netuid}`);
    const stored = await findSubnet(trx, genesisHash, netuid);
    if (stored !== null && stored.block > subnet.block) return false;
    await trx('subnets').insert(subnet).onConflict(['genesisHash', 'netuid']).merge();
    await replaceHotkeys(trx, { genesisHash, netuid }, uidOf);
    return true;
  });
}

export async function findSubnet(
  db: Queryable,
  genesisHash: string,
  netuid: number,
): Promise<SubnetRow | null> {
  return (await db('subnets').where({ genesisHash, netuid }).first()) ?? null;
}

/**
 * The uid of a hotkey, null when it is not registered, with the block and time of the reading. Null when nothing is
 * known: nothing was read yet, or the subnet had no neurons, and so did not exist.
 */
export async function uidOfHotkey(
  db: Queryable,
  { genesisHash, netuid, hotkey }: { genesisHash: string; netuid: number; hotkey: string },
): Promise<{ uid: number | null; block: number; readAt: number } | null> {
  const subnet = await db('subnets')
    .where({ genesisHash, netuid })
    .whereExists(
      db('hotkeys').whereRaw(
        'hotkeys.genesis_hash = subnets.genesis_hash AND hotkeys.netuid = subnets.netuid',
      ),
    )
    .first('block', 'readAt');
  if (subnet === undefined) return null;
  const found = await db('hotkeys').where({ genesisHash, netuid, hotkey }).first('uid');
  return { uid: found?.uid ?? null, block: subnet.block, readAt: subnet.readAt };
}

/** Few of them change from block to block: only those are written. */
async function replaceHotkeys(
  trx: Queryable,
  subnet: { genesisHash: string; netuid: number },
  uidOf: ReadonlyMap<string, number>,
): Promise<void> {
  const rows: { hotkey: string; uid: number }[] = await trx('hotkeys').where(subnet).select('hotkey', 'uid');
  const before = new Map(rows.map(({ hotkey, uid }) => [hotkey, uid]));
  const gone = [...before.keys()].filter((hotkey) => !uidOf.has(hotkey));
  const changed = [...uidOf].filter(([hotkey, uid]) => before.get(hotkey) !== uid);
  for (const hotkeys of chunks(gone)) await trx('hotkeys').where(subnet).whereIn('hotkey', hotkeys).delete();
  for (const entries of chunks(changed))
    await trx('hotkeys')
      .insert(entries.map(([hotkey, uid]) => ({ ...subnet, hotkey, uid })))
      .onConflict(['genesisHash', 'netuid', 'hotkey'])
      .merge();
}

function chunks<T>(all: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(all.length / ROWS_AT_ONCE) }, (_, at) =>
    all.slice(at * ROWS_AT_ONCE, (at + 1) * ROWS_AT_ONCE),
  );
}

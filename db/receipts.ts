/** Who showed which code first: one row per delivered push, linked or not, passed or not. */
import type { Queryable } from './connection.ts';

export interface Receipt {
  readonly codeDigest: string;
  readonly task: string;
  readonly repoId: number;
  readonly ownerId: number;
  readonly hotkey: string | null;
  readonly headSha: string;
  /** Unix milliseconds of the delivery, or of its first attempt when it was recovered from GitHub's log. */
  readonly receivedAt: number;
  readonly receiptSource: 'delivery' | 'log';
}

/** Records a receipt; the same push again changes nothing but the time, when it turns out to be an earlier one. */
export async function recordReceipt(db: Queryable, receipt: Receipt): Promise<void> {
  await db('receipts')
    .insert(receipt)
    .onConflict(['codeDigest', 'task', 'repoId', 'headSha'])
    .merge(['receivedAt', 'receiptSource'])
    .where('receipts.receivedAt', '>', receipt.receivedAt);
}

/** The receipt that owns this code: the earliest, then the lowest row id. Null when nobody showed it. */
export async function firstReceipt(db: Queryable, task: string, codeDigest: string): Promise<Receipt | null> {
  const row = await db('receipts').where({ task, codeDigest }).orderBy(['receivedAt', 'id']).first();
  return row ?? null;
}

/** What a validator who follows a Referee must remember: whose key it trusts, and every attempt to set weights. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { writeDurably } from '../chain/durable-file.ts';
import type { WeightSet } from '../chain/setter/weight-set.ts';
import type { Hotkey } from '../ids.ts';
import { CommandError } from './io.ts';

const Int = z.number().int().nonnegative();
const Text = z.string().max(100_000);

/** Fails to compile when it is not a `WeightSet`. */
const StoredSet: z.ZodType<WeightSet> = z.object({
  id: Int,
  genesisHash: Text,
  netuid: Int,
  hotkey: Text,
  epoch: Int,
  attempt: Int,
  state: z.enum(['planned', 'signed', 'included', 'verified', 'failed']),
  shares: z.array(
    z.object({ hotkey: Text.transform((text) => text as Hotkey), share: z.number().positive().max(1) }),
  ),
  standingAt: Int,
  row: z.object({ uids: z.array(Int), values: z.array(Int) }),
  call: Text,
  kind: z.enum(['plain', 'timelocked']),
  plannedBlock: Int,
  revealRound: Int.nullable(),
  revealFrom: Int.nullable(),
  revealUntil: Int.nullable(),
  commitHash: Text.nullable(),
  extrinsic: z.object({ bytes: Text, hash: Text, nonce: Int, birthBlock: Int, deathBlock: Int }).nullable(),
  includedBlock: Int.nullable(),
  includedHash: Text.nullable(),
  extrinsicIndex: Int.nullable(),
  verifiedBlock: Int.nullable(),
  verifiedBy: z.enum(['event', 'row']).nullable(),
  failureCode: Text.nullable(),
  failure: Text.nullable(),
  createdAt: Int,
  updatedAt: Int,
});

const Followed = z.object({
  /** Base64 of the raw key that was trusted at first. */
  publicKey: z.string(),
  pinnedAt: Int,
  /** Of the newest standing that was accepted. */
  round: Int,
  issuedAt: Int,
});
export type Followed = z.infer<typeof Followed>;

const FollowState = z.object({
  kind: z.literal('quasar-referee weights'),
  version: z.literal(1),
  /** By address. */
  referees: z.record(z.string(), Followed),
  /** Oldest first. */
  weightSets: z.array(StoredSet),
});
export type FollowState = z.infer<typeof FollowState>;

export interface StateFile {
  read(): FollowState;
  /** On disk when it returns. For the one process that holds the lock of the file. */
  change(next: (state: FollowState) => FollowState): void;
}

/** Reads the file once; an absent one is empty. Throws `CommandError` for one that is none of ours. */
export function openStateFile(file: string): StateFile {
  let state = readState(file);
  return {
    read: () => state,
    change(next) {
      const changed = next(state);
      try {
        writeDurably(file, `${JSON.stringify(changed)}\n`);
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        throw new CommandError(
          `cannot write ${file} (${code}): nothing is sent that is not written down first`,
        );
      }
      state = changed;
    },
  };
}

function readState(file: string): FollowState {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT')
      return { kind: 'quasar-referee weights', version: 1, referees: {}, weightSets: [] };
    throw new CommandError(`cannot read ${file} (${code})`);
  }
  try {
    return FollowState.parse(JSON.parse(text));
  } catch {
    throw new CommandError(
      `${file} is not a state file of this command, or one of a later version: give another with --state. It holds what was sent; without it one epoch may be sent twice`,
    );
  }
}

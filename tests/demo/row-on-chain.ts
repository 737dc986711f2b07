/** The row of weights that the shares at the end became: as the App says, and as the chain itself has it. */
import type { StageChain } from './chain.ts';
import type { Stage } from './stage.ts';

export interface Share {
  readonly hotkey: string;
  readonly share: number;
}

export interface RowOnChain {
  readonly netuid: number;
  readonly path: string;
  readonly uids: readonly number[];
  readonly values: readonly number[];
  /** Where the call is. */
  readonly block: number;
  /** Where the stored row was read back. */
  readonly verifiedBlock: number;
}

interface WeightsAnswer {
  readonly netuid: number;
  readonly weights: { readonly shares: readonly Share[] } | null;
  readonly history: readonly {
    readonly state: string;
    readonly path: string;
    readonly shares: readonly Share[];
    readonly uids: readonly number[];
    readonly values: readonly number[];
    readonly block: number | null;
    readonly verifiedBlock: number | null;
  }[];
}

const POLL_MS = 200;
const WITHIN_MS = 60_000;

export async function weightsOf(stage: Stage): Promise<WeightsAnswer> {
  const answer = await fetch(`${stage.url}/api/v1/weights`);
  if (!answer.ok) throw new Error(`the API answers ${answer.status} for the weights`);
  return (await answer.json()) as WeightsAnswer;
}

/** Waits for the row of these shares: at most an epoch and the blocks that it takes to be final. */
export async function rowOnChain(
  stage: Stage,
  chain: StageChain,
  shares: readonly Share[],
): Promise<{ readonly row: RowOnChain | null; readonly surprise: string | null }> {
  const deadline = Date.now() + WITHIN_MS;
  for (;;) {
    const { netuid, history } = await weightsOf(stage);
    const [newest] = history.filter(({ state }) => state === 'verified');
    if (newest && JSON.stringify(newest.shares) === JSON.stringify(shares)) {
      const { path, uids, values, block, verifiedBlock } = newest;
      const row = { netuid, path, uids, values, block: block ?? 0, verifiedBlock: verifiedBlock ?? 0 };
      const stored = new Map(await chain.row());
      const isStored = stored.size === uids.length && uids.every((uid, at) => stored.get(uid) === values[at]);
      const surprise = isStored
        ? null
        : `the chain stores ${JSON.stringify([...stored])}, not the row that was read back`;
      return { row, surprise };
    }
    if (Date.now() > deadline)
      return { row: null, surprise: `no row of these shares was read back within ${WITHIN_MS / 1000} s` };
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

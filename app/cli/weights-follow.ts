/** `weights --follow`: a validator elsewhere sets the weights that a Referee's signed standing asks for. */
import { setTimeout as pause } from 'node:timers/promises';
import { connectChain } from '../chain/connection/connect.ts';
import { CARRY_OVER_MS } from '../chain/normalise-carry-over.ts';
import { createWeightSetter, type WeightSetterOptions } from '../chain/setter/drive-weights.ts';
import { StandingError } from '../chain/standing/accept.ts';
import { type FollowOptions, followOptions } from './follow-options.ts';
import { type Look, lookAsJson, reportAsText, standingAsText } from './follow-print.ts';
import { createStandingSource } from './follow-standing.ts';
import { openStateFile } from './follow-state.ts';
import { type FollowWallet, openWallet } from './follow-wallet.ts';
import { CommandError, type Io } from './io.ts';
import { type FileLock, lockFile } from './state-lock.ts';
import { fileWeightSetStore } from './weight-set-file.ts';

/** What a test replaces. */
export interface FollowParts {
  readonly now: () => number;
  /** Ends early when `stop` does. */
  readonly sleep: (ms: number, stop: AbortSignal) => Promise<void>;
  readonly stop: AbortSignal;
  readonly chain: Pick<WeightSetterOptions, 'beacon'>;
}

const BLOCK_MS = 12_000;

/**
 * Exit code 0, or 1 when one look could not read the chain or found what a person must see. A standing that must not be followed, a wallet or a state file
 * that cannot be used are a `CommandError`.
 */
export async function followCommand(
  argv: readonly string[],
  io: Pick<Io, 'out' | 'err' | 'cwd' | 'env' | 'fetch'>,
  parts: FollowParts = ofThisProcess(),
): Promise<number> {
  const options = followOptions(argv, io);
  const wallet = await openWallet(options, io, parts.now);
  // a dry run writes nothing, so it may look while another process works
  const lock = options.dryRun ? null : await held(options.stateFile);
  try {
    return await follow(options, wallet, io, parts);
  } catch (error) {
    if (!(error instanceof StandingError)) throw error;
    throw new CommandError(`${error.userMessage}. No weights are sent`);
  } finally {
    lock?.release();
  }
}

async function follow(
  options: FollowOptions,
  wallet: FollowWallet,
  io: Pick<Io, 'out' | 'err' | 'fetch'>,
  { now, sleep, stop, chain: chainParts }: FollowParts,
): Promise<number> {
  const { endpoints, genesisHash, netuid, loose, versionKey, stateFile, once, json } = options;
  const state = openStateFile(stateFile);
  const source = createStandingSource(io, options, { state, stateFile, now });
  const store = fileWeightSetStore(state, now);
  const chain = connectChain({ endpoints, genesisHash });
  let standing: Awaited<ReturnType<WeightSetterOptions['standing']>> = null;
  const setter = createWeightSetter({
    ...wallet,
    ...chainParts,
    chain,
    store,
    netuid,
    loose,
    versionKey,
    now,
    carryOverMaxMs: CARRY_OVER_MS,
    standing: async () => standing,
  });
  const hasProven = async () =>
    wallet.account !== null &&
    (await store.lastVerified({ genesisHash, netuid, hotkey: wallet.account })) !== null;
  let shown: string | null = null;
  try {
    for (;;) {
      const news = await source.ask();
      if (news.kind === 'outage' && once && !(await hasProven()))
        throw new CommandError(news.error.userMessage);
      standing =
        news.kind === 'outage' ? null : { shares: news.standing.shares, standingAt: news.standing.issuedAt };
      if (!json) {
        const told = standingAsText(news, shown);
        io.out(told.text);
        shown = told.shown;
      }
      const report = await setter.look();
      const look: Look = { options, news, report, account: wallet.account };
      io.out(json ? lookAsJson(look) : reportAsText(look));
      // an outage of the chain may pass, but this look has done nothing
      if (once)
        return report.block === null || report.alerts.some(({ severity }) => severity === 'page') ? 1 : 0;
      if (stop.aborted) return 0;
      await sleep(report.againInBlocks * BLOCK_MS, stop);
      if (stop.aborted) return 0;
    }
  } finally {
    await chain.close();
  }
}

async function held(stateFile: string): Promise<FileLock> {
  let lock: Awaited<ReturnType<typeof lockFile>>;
  try {
    lock = await lockFile(stateFile);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new CommandError(`cannot write beside ${stateFile} (${code}): give another place with --state`);
  }
  if ('release' in lock) return lock;
  throw new CommandError(
    `${lock.heldBy} works with ${stateFile}: end that one, or give another file with --state for another hotkey`,
  );
}

function ofThisProcess(): FollowParts {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  return {
    now: Date.now,
    sleep: (ms, signal) => pause(ms, undefined, { signal }).catch(() => undefined),
    stop: stop.signal,
    chain: {},
  };
}

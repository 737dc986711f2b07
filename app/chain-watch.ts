/**
 * The App's eyes on its chain: one look after the other, each kept in the database for every replica's page, counted, and
 * logged where something changed. What is read, decided and sent is the weight setter's.
 */
import type { Logger } from 'pino';
import type { Database } from '../db/connection.ts';
import { getFact, setFact } from '../db/facts.ts';
import type { ConnectedChain } from './chain/connection/connect.ts';
import { LAST_LOOK_FACT, type LastLook, lookOf, type StandingAlert } from './chain/last-look.ts';
import type { WeightSetter } from './chain/setter/drive-weights.ts';
import type { ChainAlert, SetterReport, SetterStep } from './chain/setter/report.ts';
import type { WeightSetStore } from './chain/setter/weight-set.ts';
import { SignerError } from './chain/signer.ts';
import { saveSubnet } from './chain/subnet-cache.ts';
import type { OpenWallet, Wallet } from './chain-wallet.ts';
import type { ChainMetrics } from './http/chain-metrics.ts';

export interface ChainWatchOptions {
  readonly chain: Pick<ConnectedChain, 'genesisHash' | 'status'>;
  readonly netuid: number;
  /** Whose row it is, as far as the configuration says. */
  readonly account: string | null;
  readonly isDryRun: boolean;
  readonly openWallet: OpenWallet;
  /** Null makes one that only computes. */
  readonly createSetter: (wallet: Wallet | null) => WeightSetter;
  readonly store: Pick<WeightSetStore, 'lastVerified'>;
  readonly db: Database;
  readonly metrics: Pick<ChainMetrics, 'looked' | 'broke'>;
  readonly blockMs: number;
  readonly now: () => number;
  readonly log: Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>;
}

/** However long there is nothing to do, permit, stake and row are looked at so often. */
const MOST_BLOCKS = 10;
/** An outage that lasts for so long takes an epoch's weights with it sooner or later: 10 minutes on Bittensor. */
const OUTAGE_BLOCKS = 50;
/** Steps that are no news from one look to the next. */
const QUIET: readonly SetterStep['kind'][] = ['wait', 'dry_run', 'held_back'];

export class ChainWatch {
  readonly #options: ChainWatchOptions;
  #wallet: Wallet | null = null;
  #setter: WeightSetter | null = null;
  #last: LastLook | null = null;
  constructor(options: ChainWatchOptions) {
    this.#options = options;
  }

  /** When to look again, in unix milliseconds. Never rejects: whatever failed is logged, and the next look comes. */
  async look(): Promise<number> {
    const { now, blockMs, log, metrics } = this.#options;
    try {
      const report = await this.#report();
      const againAt = now() + Math.min(Math.max(1, report.againInBlocks), MOST_BLOCKS) * blockMs;
      await this.#keep(report, againAt);
      return againAt;
    } catch (error) {
      metrics.broke();
      log.error({ err: error }, 'a look at the chain could not be kept');
      return now() + blockMs;
    }
  }

  async #report(): Promise<SetterReport> {
    const { chain, createSetter } = this.#options;
    const missing = await this.#signerMissing();
    this.#setter ??= createSetter(this.#wallet);
    const report = await this.#setter.look();
    if (missing !== null) {
      // without its signer nothing is sent, but everything is seen
      this.#setter = null;
      const steps: SetterStep[] = [{ kind: 'held_back', message: missing }];
      const alert: ChainAlert = { code: 'signer', severity: 'page', message: missing };
      return { ...report, steps, alerts: [alert, ...report.alerts], againInBlocks: 1 };
    }
    const known = new Set(report.alerts.map(({ code }) => code));
    const aside = chain.status().putAside.map(
      ({ problem }): ChainAlert => ({
        code: 'wrong_genesis',
        severity: 'warn',
        message: problem.userMessage,
      }),
    );
    return known.has('wrong_genesis')
      ? report
      : { ...report, alerts: [...report.alerts, ...aside.slice(0, 1)] };
  }

  /** Why there is nobody to sign; null when there is, or need not be. */
  async #signerMissing(): Promise<string | null> {
    if (this.#wallet !== null || this.#options.isDryRun) return null;
    try {
      this.#wallet = await this.#options.openWallet();
      return null;
    } catch (error) {
      if (!(error instanceof SignerError)) throw error;
      return error.userMessage;
    }
  }

  async #keep(report: SetterReport, againAt: number): Promise<void> {
    const { chain, netuid, db, store, metrics, now, isDryRun } = this.#options;
    const { genesisHash } = chain;
    const account = this.#wallet?.account ?? this.#options.account;
    const verified =
      account === null ? null : await store.lastVerified({ genesisHash, netuid, hotkey: account });
    const context = {
      genesisHash,
      netuid,
      dryRun: isDryRun,
      account,
      endpoint: chain.status().endpoint,
      againAt,
      verifiedBlock: verified?.verifiedBlock ?? null,
    };
    const before = this.#last ?? (await this.#kept());
    const look = lookOf(this.#graver(report, before), context, before);
    metrics.looked(look, this.#last);
    this.#announce(look, this.#last?.alerts ?? []);
    this.#last = look;
    if (report.subnet !== null) await saveSubnet(db, report.subnet, { genesisHash, now: now() });
    await setFact(db, LAST_LOOK_FACT, look, now());
  }

  /** No answer now and then is nothing; none for long is. */
  #graver(report: SetterReport, before: LastLook | null): SetterReport {
    const since = before?.alerts.find(({ code }) => code === 'unreachable')?.startedAt ?? report.at;
    if (report.at - since < OUTAGE_BLOCKS * this.#options.blockMs) return report;
    const alerts = report.alerts.map(
      (alert): ChainAlert => (alert.code === 'unreachable' ? { ...alert, severity: 'page' } : alert),
    );
    return { ...report, alerts };
  }

  /** What a process before this one saw last: its alerts may go on. */
  async #kept(): Promise<LastLook | null> {
    const { chain, netuid, db } = this.#options;
    const look = await getFact<LastLook>(db, LAST_LOOK_FACT);
    return look?.genesisHash === chain.genesisHash && look.netuid === netuid ? look : null;
  }

  /** An alert is logged when it begins or becomes graver and when it is over, not at every look. */
  #announce({ alerts, steps, block }: LastLook, before: readonly StandingAlert[]): void {
    const { log } = this.#options;
    const at = { block: block?.number ?? null };
    const isIn = (list: readonly StandingAlert[], { code }: StandingAlert) =>
      list.some((other) => other.code === code);
    const isNews = (one: StandingAlert) =>
      !before.some(({ code, severity }) => code === one.code && severity === one.severity);
    for (const alert of alerts.filter(isNews))
      log[alert.severity === 'page' ? 'error' : 'warn']({ ...alert, ...at }, 'chain alert');
    for (const { code, startedAt } of before.filter((one) => !isIn(alerts, one)))
      log.info({ code, startedAt, ...at }, 'chain alert is over');
    for (const step of steps)
      log[QUIET.includes(step.kind) ? 'debug' : 'info']({ ...step, ...at }, 'weights');
  }
}

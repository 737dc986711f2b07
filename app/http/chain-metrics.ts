/** What there is to watch of weights on chain, as this process last saw it. */
import { Counter, Gauge } from 'prom-client';
import type { ChainStatus } from '../chain/chain.ts';
import type { LastLook } from '../chain/last-look.ts';
import { addGauge, type Metrics } from './metrics.ts';

export interface ChainMetrics {
  /** After every look; `before` is the one before it in this process. */
  looked(look: LastLook, before: LastLook | null): void;
  /** A look that ended without a report; it has no code of its own. */
  broke(): void;
}

export interface ChainMetricsSource {
  readonly status: () => ChainStatus;
  /** Attempts that set nothing, by the code of their failure: of all replicas, ever. */
  readonly failures: () => Promise<ReadonlyMap<string, number>>;
  readonly now: () => number;
}

const RAO_PER_TAO = 1e9;

/** Registers the metrics; without a chain there are none. */
export function createChainMetrics(metrics: Metrics, source: ChainMetricsSource): ChainMetrics {
  const registers = [metrics.registry];
  let last: LastLook | null = null;
  const looks = new Counter({
    name: 'referee_chain_looks_total',
    help: 'Looks at the chain, by what came of them: read, unread (no endpoint answered), broken (a fault of ours)',
    labelNames: ['outcome'],
    registers,
  });
  const alerts = new Gauge({
    name: 'referee_weights_alert',
    help: '1 while an alert goes on; severity page: income is at stake now',
    labelNames: ['code', 'severity'],
    registers,
  });
  const alertsBegun = new Counter({
    name: 'referee_weights_alerts_total',
    help: 'Alerts that began or became graver',
    labelNames: ['code', 'severity'],
    registers,
  });
  const steps = new Counter({
    name: 'referee_weights_steps_total',
    help: 'What this process did about weights, by kind of step',
    labelNames: ['kind'],
    registers,
  });
  new Gauge({
    name: 'referee_weights_failed',
    help: 'Attempts that set nothing and never will, of all replicas, by the code of their failure',
    labelNames: ['code'],
    registers,
    async collect() {
      const failures = await source.failures().catch(() => new Map<string, number>());
      this.reset();
      for (const [code, count] of failures) this.set({ code }, count);
    },
  });
  const gauge = (name: string, help: string, read: () => number | null) =>
    addGauge(metrics, name, help, async () => read());
  const ofLook = (read: (look: LastLook) => number | null) => () => (last === null ? null : read(last));
  gauge('referee_chain_up', '1 while an endpoint of the chain is connected', () =>
    source.status().endpoint === null ? 0 : 1,
  );
  gauge(
    'referee_chain_failovers',
    'Changes of the endpoint since the start',
    () => source.status().failovers,
  );
  gauge('referee_chain_head_age_seconds', 'Time since the last new head', () => {
    const { headAt } = source.status();
    return headAt === null ? null : Math.max(0, source.now() - headAt) / 1_000;
  });
  gauge(
    'referee_chain_block',
    'The finalized block that was read last',
    ofLook(({ block }) => block?.number ?? null),
  );
  gauge(
    'referee_weights_blocks_since_verified',
    'Blocks since a row of ours was read back',
    ofLook(({ block, verifiedBlock }) =>
      block === null || verifiedBlock === null ? null : Math.max(0, block.number - verifiedBlock),
    ),
  );
  gauge(
    'referee_weights_blocks_since_update',
    'Blocks since the chain counted weights of ours (LastUpdate)',
    ofLook(({ block, own }) =>
      block === null || own === null || own.lastUpdate === 0 ? null : block.number - own.lastUpdate,
    ),
  );
  gauge(
    'referee_weights_own_permit',
    '1 while our uid has the validator permit, 0 without it or without a uid',
    ofLook(({ block, account, own }) =>
      block === null || account === null ? null : Number(own?.permit ?? false),
    ),
  );
  gauge(
    'referee_weights_stake_margin_tao',
    'Stake above what the chain asks of whoever sets weights',
    ofLook(({ own }) =>
      own === null || own.stakeRao === null
        ? null
        : Number(BigInt(own.stakeRao) - BigInt(own.stakeThresholdRao)) / RAO_PER_TAO,
    ),
  );
  return {
    looked(look, before) {
      last = look;
      looks.inc({ outcome: look.readAt === look.lookedAt ? 'read' : 'unread' });
      for (const { kind } of look.steps) steps.inc({ kind });
      alerts.reset();
      for (const { code, severity } of look.alerts) {
        alerts.set({ code, severity }, 1);
        const isKnown = before?.alerts.some((known) => known.code === code && known.severity === severity);
        if (!isKnown) alertsBegun.inc({ code, severity });
      }
    },
    broke: () => looks.inc({ outcome: 'broken' }),
  };
}

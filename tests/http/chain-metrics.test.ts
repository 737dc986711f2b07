import { describe, expect, it } from 'vitest';
import type { ChainStatus } from '../../app/chain/chain.ts';
import { type LastLook, lookOf } from '../../app/chain/last-look.ts';
import type { SetterReport } from '../../app/chain/setter/report.ts';
import { createChainMetrics } from '../../app/http/chain-metrics.ts';
import { createMetrics } from '../../app/http/metrics.ts';
import { NOW } from './samples.ts';
import { aReport, CONTEXT, HEAD } from './weights-samples.ts';

const look = (report: Partial<SetterReport> = {}, context: Partial<LastLook> = {}) =>
  lookOf(aReport(report), { ...CONTEXT, ...context }, null);

function watched(status: Partial<ChainStatus> = {}) {
  const metrics = createMetrics();
  const up: ChainStatus = {
    endpoint: 'wss://a',
    specVersion: 475,
    headAt: NOW - 5_000,
    failovers: 2,
    ...status,
  };
  const chain = createChainMetrics(metrics, {
    status: () => up,
    failures: async () => new Map([['outdated', 3]]),
    now: () => NOW,
  });
  const scraped = async () =>
    (await metrics.registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return { chain, scraped };
}

describe('metrics of the chain', () => {
  it('say how fresh head and row are, and how safe the own place is', async () => {
    const { chain, scraped } = watched();
    chain.looked(look(), null);
    expect(await scraped()).toEqual(
      expect.arrayContaining([
        'referee_chain_up 1',
        'referee_chain_failovers 2',
        'referee_chain_head_age_seconds 5',
        `referee_chain_block ${HEAD}`,
        'referee_weights_blocks_since_verified 310',
        'referee_weights_blocks_since_update 330',
        'referee_weights_own_permit 1',
        'referee_weights_stake_margin_tao 250.5',
        'referee_weights_failed{code="outdated"} 3',
        'referee_chain_looks_total{outcome="read"} 1',
        'referee_weights_steps_total{kind="wait"} 1',
      ]),
    );
  });

  it('leave out what nobody knows: no look, no connection, no row yet', async () => {
    const { chain, scraped } = watched({ endpoint: null, headAt: null });
    expect(await scraped()).toEqual(
      expect.arrayContaining(['referee_chain_up 0', expect.stringMatching(/^referee_chain_failovers/)]),
    );
    chain.looked(look({ block: null, subnet: null }, { verifiedBlock: null }), null);
    chain.broke();
    const lines = (await scraped()).join('\n');
    expect(lines).toContain('outcome="unread"} 1');
    expect(lines).toContain('outcome="broken"} 1');
    for (const name of ['head_age', 'chain_block', 'since_verified', 'since_update', 'own_permit', 'margin'])
      expect(lines).not.toContain(name);
  });

  it('show alerts while they go on and count how often each began', async () => {
    const { chain, scraped } = watched();
    const alert = { code: 'no_permit', severity: 'page', message: '' } as const;
    const first = look({ alerts: [alert] });
    chain.looked(first, null);
    chain.looked(first, first);
    const labels = '{code="no_permit",severity="page"}';
    expect(await scraped()).toEqual(
      expect.arrayContaining([`referee_weights_alert${labels} 1`, `referee_weights_alerts_total${labels} 1`]),
    );
    chain.looked(look(), first);
    const over = await scraped();
    expect(over.some((line) => line.startsWith('referee_weights_alert{'))).toBe(false);
    expect(over).toContain(`referee_weights_alerts_total${labels} 1`);
  });

  it('say that the permit is lost with the uid', async () => {
    const { chain, scraped } = watched();
    chain.looked({ ...look(), own: null }, null);
    expect(await scraped()).toContain('referee_weights_own_permit 0');
  });
});

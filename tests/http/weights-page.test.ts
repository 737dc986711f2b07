import { describe, expect, it } from 'vitest';
import { type LastLook, lookOf } from '../../app/chain/last-look.ts';
import type { SetterReport } from '../../app/chain/setter/report.ts';
import { pageRoutes } from '../../app/http/pages/routes.ts';
import { weightsPage } from '../../app/http/pages/weights.ts';
import { chainDetails, weightSetDetails } from '../../app/http/weights-read-model.ts';
import { running } from './running.ts';
import { aReadModel, JOIN, NOW } from './samples.ts';
import { aReport, aWeightSet, CONTEXT, GENESIS, someWeightSets, someWeights } from './weights-samples.ts';

const SITE = { network: 'finney', netuid: 24, version: '0.1.0' };
const EVIL = '"><script>alert(1)</script><img src=x onerror=alert(2)>\u202e';
const chain = (report: Partial<SetterReport> = {}, context: Partial<LastLook> = {}) =>
  chainDetails(lookOf(aReport(report), { ...CONTEXT, ...context }, null), GENESIS, 24);
const shown = (parts: Partial<Parameters<typeof weightsPage>[1]> = {}) =>
  weightsPage(
    SITE,
    { weights: someWeights(), chain: chain(), sets: someWeightSets().map(weightSetDetails), ...parts },
    NOW,
  );

describe('weights page', () => {
  it('shows shares with their submissions, the row, the call and its reveal', () => {
    const page = shown();
    for (const text of [
      'On chain, sealed',
      '9,412,344',
      '48 blocks',
      'uid 7',
      '<a href="/submissions/42">',
      '65,535',
      'the subnet owner, who burns it',
      'commit_timelocked_mechanism_weights',
      `0x${'e'.repeat(64)}`,
      '9,412,335 #6',
      'drand round 34,157,055, published at about 2026-11-21 15:22 UTC; opened from block 9,412,752 on',
      'it waits for its reveal',
      'at wss://entrypoint-finney.opentensor.ai',
      'no finalized block took it while its era lasted',
    ])
      expect(page).toContain(text);
    expect(page.match(/badge good">read back</g)).toHaveLength(8);
    expect(page).not.toContain('hush');
  });

  it('says that there is no chain, and that a dry run sends nothing', () => {
    const none = shown({ chain: null, sets: [] });
    expect(none).toContain('No chain is configured');
    expect(none).toContain('nothing is sent to one');
    expect(none).not.toContain('http-equiv="refresh"');
    const dry = shown({ chain: chain({}, { dryRun: true }), sets: [] });
    expect(dry).toContain('the row below is what would be sent, and nothing is');
    expect(dry).toContain('The row that would be sent');
  });

  it('says so before the first look and the first decision', () => {
    const page = shown({ chain: chainDetails(null, GENESIS, 24), weights: null, sets: [] });
    expect(page).toContain('Not looked at yet');
    expect(page).toContain('Nothing was decided yet');
  });

  it('says where a row was read back', () => {
    const set = aWeightSet({ state: 'verified', verifiedBlock: 9_412_760, verifiedBy: 'event' });
    const page = shown({ sets: [weightSetDetails(set)] });
    expect(page).toContain('Read back in block 9,412,760');
    expect(page).toContain('The chain stores exactly the row that was sent.');
    expect(page).toContain('its reveal was seen');
  });

  it('puts what is at stake first, and the other alerts below it', () => {
    const page = shown({
      chain: chain({
        alerts: [
          { code: 'stake_margin', severity: 'warn', message: 'little margin' },
          { code: 'no_permit', severity: 'page', message: 'the permit is gone' },
        ],
      }),
    });
    expect(page).toMatch(
      /verdict v-bad"><h2>Something needs the operator<\/h2><p class="quiet">the permit is gone/,
    );
    expect(page).toMatch(/badge warn">stake margin/);
  });

  it('shows the row of now where it is not the one that was sent', () => {
    const page = shown({ chain: chain({ row: { uids: [31, 0], values: [65_535, 43_690] } }) });
    expect(page).toContain('The row that was sent');
    expect(page).toContain('The row that would be sent now');
    expect(page).toContain('43,690');
  });

  it('leaves what the owner gets out where every place is held', () => {
    const shares = [{ hotkey: 'a', share: 1 }];
    expect(shown({ weights: someWeights({ shares, places: [] }) })).not.toContain('places that nobody holds');
  });

  it('makes text of nodes and miners harmless', () => {
    const set = aWeightSet({ state: 'failed', failure: EVIL, call: EVIL });
    const page = shown({
      weights: someWeights({ shares: [{ hotkey: EVIL, share: 1 }] }),
      chain: chain({
        alerts: [{ code: 'unknown', severity: 'page', message: EVIL }],
        steps: [{ kind: 'failed', message: EVIL }],
      }),
      sets: [weightSetDetails(set), weightSetDetails({ ...set, id: 1, state: 'included' })],
    });
    for (const evil of ['<script', '<img src=x', '\u202e']) expect(page).not.toContain(evil);
  });

  it('is served, free of inline script and style, and linked from the other pages', async () => {
    const read = aReadModel({
      chain: async () => chain(),
      weightSets: async () => someWeightSets().map(weightSetDetails),
    });
    const { url } = await running(
      pageRoutes({ site: SITE, read, join: JOIN, cli: () => null, clock: () => NOW }),
    );
    const page = await (await fetch(`${url}/weights`)).text();
    expect(page).toContain('aria-current="page">Weights');
    expect(page).not.toMatch(/<script|<style|\sstyle=|\son\w+=/);
    expect(await (await fetch(url)).text()).toContain('<a href="/weights">Weights</a>');
  });
});

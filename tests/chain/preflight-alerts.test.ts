import { describe, expect, it } from 'vitest';
import { subnetAlerts } from '../../app/chain/preflight-alerts.ts';
import type { OwnPlace, SubnetState } from '../../app/chain/subnet.ts';
import { anOwnPlace, aSubnetState } from './a-subnet.ts';

const KNOWN = { lastVerifiedBlock: 1000, versionKey: 0n };
const alerts = (
  state: Partial<SubnetState> = {},
  known: Partial<typeof KNOWN> | { lastVerifiedBlock: null } = {},
) => subnetAlerts(aSubnetState(state), { ...KNOWN, ...known }).map(({ code, severity }) => [code, severity]);
const own = (more: Partial<OwnPlace>) => ({ own: anOwnPlace(more) });

describe('the alerts of a subnet', () => {
  it('are none while all is well, without a hotkey, and without a subnet', () => {
    expect(alerts()).toEqual([]);
    expect(alerts({ own: null, consensus: 'Null' })).toEqual([]);
    expect(alerts({ exists: false, ...own({ uid: null }) })).toEqual([]);
  });

  it('page for a lost registration, and for nothing that follows from it', () => {
    expect(alerts(own({ uid: null, permit: false, stakeRao: 0n, lastUpdate: 0 }))).toEqual([
      ['not_registered', 'page'],
    ]);
  });

  it('page for a lost permit, which the owner does not need', () => {
    expect(alerts(own({ permit: false }))).toEqual([['no_permit', 'page']]);
    expect(alerts({ ...own({ permit: false }), ownerUid: 1 })).toEqual([]);
  });

  it('warn from 20 % above the stake that is needed, and page below it', () => {
    expect(alerts(own({ stakeRao: 1_200_000_000_000n }))).toEqual([]);
    expect(alerts(own({ stakeRao: 1_199_999_999_999n }))).toEqual([['stake_margin', 'warn']]);
    expect(alerts(own({ stakeRao: 999_999_999_999n }))).toEqual([['stake_too_low', 'page']]);
    expect(alerts(own({ stakeRao: null }))).toEqual([]);
    expect(alerts({ ...own({ stakeRao: 0n }), ownerUid: 1 })).toEqual([]);
    expect(alerts({ ...own({ stakeRao: 0n }), stakeThresholdRao: 0n })).toEqual([]);
  });

  it('page for a version that is not known here', () => {
    expect(alerts({ versionKey: 3n }, { versionKey: 2n })).toEqual([['version_key', 'page']]);
    expect(alerts({ versionKey: 3n }, { versionKey: 3n })).toEqual([]);
  });

  it('page for a consensus that is not Yuma, where the runtime has a choice', () => {
    expect(alerts({ consensus: 'Null' })).toEqual([['consensus_mode', 'page']]);
    expect(alerts({ consensus: null })).toEqual([]);
  });

  it('warn when no row was read back for one and a half tempos, and page at 60 % of the cutoff', () => {
    const at = (number: number) => ({ block: { number, hash: '0x' } });
    expect(alerts(at(1539))).toEqual([]);
    expect(alerts(at(1540))).toEqual([['not_verified_long', 'warn']]);
    expect(alerts(at(3999))).toEqual([['not_verified_long', 'warn']]);
    expect(alerts(at(4000))).toEqual([['not_verified_long', 'page']]);
  });

  it('do not page before a row can be proven, where the cutoff is one tempo', () => {
    const short = (number: number) => ({ activityCutoffBlocks: 360, block: { number, hash: '0x' } });
    expect(alerts(short(1539))).toEqual([]);
    expect(alerts(short(1540))).toEqual([['not_verified_long', 'page']]);
  });

  it('count from the last update before the first row was read back, and not at all before that', () => {
    const late = { block: { number: 1510, hash: '0x' } };
    expect(alerts(late, { lastVerifiedBlock: null })).toEqual([['not_verified_long', 'warn']]);
    expect(alerts({ ...late, ...own({ lastUpdate: 0 }) }, { lastVerifiedBlock: null })).toEqual([]);
  });
});

import { describe, expect, it } from 'vitest';
import { type Intent, preflight } from '../../app/chain/preflight.ts';
import type { PendingCommit, SubnetState } from '../../app/chain/subnet.ts';
import { aKnownCall, anOwnPlace, aSubnetState, OWN_HOTKEY } from './a-subnet.ts';

const ROW = { uids: [2, 3, 4, 5], values: [65_535, 27_306, 10_922, 5_461] };
const plain = (state: Partial<SubnetState> = {}, more: Partial<Intent> = {}): Intent => ({
  state: aSubnetState(state),
  call: aKnownCall('set_mechanism_weights'),
  row: ROW,
  versionKey: 0n,
  revealRound: null,
  ...more,
});
const timelocked = (state: Partial<SubnetState> = {}, more: Partial<Intent> = {}): Intent =>
  plain(
    { commitReveal: true, ...state },
    { call: aKnownCall('commit_timelocked_mechanism_weights'), revealRound: 34_140_300, ...more },
  );
const codes = (intent: Intent) => preflight(intent).map(({ code }) => code);
const only = (intent: Intent) => {
  const found = preflight(intent);
  expect(found).toHaveLength(1);
  return found[0] as (typeof found)[number];
};
const aCommit = (more: Partial<PendingCommit> = {}): PendingCommit => ({
  epoch: 7,
  block: 1200,
  round: 34_140_300,
  commitHash: '0x00',
  ...more,
});

describe('preflight', () => {
  it('finds nothing where the chain would take the weights', () => {
    expect(preflight(plain())).toEqual([]);
    expect(preflight(timelocked())).toEqual([]);
  });

  it('says nothing of a row or of a place that there is not', () => {
    expect(preflight(plain({ own: null, minAllowedWeights: 5 }, { row: null }))).toEqual([]);
  });

  describe('of the subnet', () => {
    it.each([
      ['root_subnet', plain({ netuid: 0 }), 'set NETUID'],
      ['no_subnet', plain({ exists: false, size: 0, own: anOwnPlace({ uid: null }) }), 'no subnet 24'],
      ['no_mechanism', plain({ mechanisms: 0 }), 'mechanism 0'],
    ])('finds %s, and nothing that only follows from it', (code, intent, said) => {
      const found = only(intent);
      expect(found.code).toBe(code);
      expect(found.message).toContain(said);
    });

    it.each([plain, timelocked])('holds back where weights would count for nothing', (intent) => {
      const found = only(intent({ consensus: 'Null' }));
      expect(found.code).toBe('consensus_mode');
      expect(found.message).toContain('none are sent');
      expect(preflight(intent({ consensus: null }))).toEqual([]);
      expect(preflight(intent({ consensus: 'Yuma4' }))).toEqual([]);
    });

    it('minds no mechanisms where the call or the runtime knows none', () => {
      expect(preflight(plain({ mechanisms: 0 }, { call: aKnownCall('set_weights') }))).toEqual([]);
      expect(preflight(plain({ mechanisms: null }))).toEqual([]);
    });

    it('finds a flag that was flipped since the call was chosen', () => {
      expect(codes(plain({ commitReveal: true }))).toEqual(['commit_reveal_on']);
      expect(codes(timelocked({ commitReveal: false }))).toEqual(['commit_reveal_off']);
    });
  });

  describe('of the sender', () => {
    it('asks an unregistered hotkey to register, and nothing else', () => {
      const own = anOwnPlace({ uid: null, permit: false, stakeRao: 0n, lastUpdate: 0 });
      const found = only(timelocked({ own, versionKey: 9n }));
      expect(found.code).toBe('not_registered');
      expect(found.message).toBe(
        `hotkey ${OWN_HOTKEY} is not registered on subnet 24: register it with btcli subnet register --netuid 24`,
      );
    });

    it('says how much stake is missing', () => {
      const found = only(plain({ own: anOwnPlace({ stakeRao: 999_500_000_000n }) }));
      expect(found.code).toBe('stake_too_low');
      expect(found.message).toContain(
        'has a stake weight of 999.5 on subnet 24 and needs 1000: stake 0.5 more',
      );
    });

    it('takes a stake that equals the threshold, and one that nobody tells', () => {
      expect(preflight(plain({ own: anOwnPlace({ stakeRao: 1_000_000_000_000n }) }))).toEqual([]);
      expect(preflight(plain({ own: anOwnPlace({ stakeRao: null }) }))).toEqual([]);
    });

    it('asks for an update when the chain wants a newer version, and takes an older or none', () => {
      expect(only(plain({ versionKey: 5n }, { versionKey: 4n })).message).toContain('update Quasar Referee');
      expect(codes(timelocked({ versionKey: 5n }, { versionKey: 4n }))).toEqual(['version_key']);
      expect(preflight(plain({ versionKey: 5n }, { versionKey: 5n }))).toEqual([]);
      expect(preflight(plain({ versionKey: 0n }, { versionKey: 0n }))).toEqual([]);
      expect(codes(plain({ versionKey: 2n ** 64n - 1n }, { versionKey: 4n }))).toEqual(['version_key']);
    });

    it.each([plain, timelocked])('waits the exact blocks of the rate limit', (intent) => {
      const found = only(intent({ own: anOwnPlace({ lastUpdate: 1210 }) }));
      expect(found.code).toBe('too_fast');
      expect(found.message).toContain('they pass again in 9 blocks');
      expect(preflight(intent({ own: anOwnPlace({ lastUpdate: 1201 }) }))).toEqual([]);
      expect(preflight(intent({ own: anOwnPlace({ lastUpdate: 0 }), rateLimitBlocks: 5_000 }))).toEqual([]);
    });

    it.each([plain, timelocked])('asks for a permit, but not for the weight on itself alone', (intent) => {
      const own = anOwnPlace({ permit: false });
      expect(codes(intent({ own }))).toEqual(['no_permit']);
      expect(preflight(intent({ own }, { row: { uids: [1], values: [65_535] } }))).toEqual([]);
      expect(codes(intent({ own }, { row: { uids: [0], values: [65_535] } }))).toEqual(['no_permit']);
    });

    it('frees the owner of stake and permit since spec 393', () => {
      const own = anOwnPlace({ permit: false, stakeRao: 0n });
      expect(preflight(plain({ own, ownerUid: 1 }))).toEqual([]);
      expect(codes(plain({ own, ownerUid: 1, specVersion: 392 }))).toEqual(['stake_too_low', 'no_permit']);
    });
  });

  describe('of a commit', () => {
    it.each([34_140_000, 33_000_000])('refuses round %i, whose pulse is out', (revealRound) => {
      const found = only(timelocked({}, { revealRound }));
      expect(found.code).toBe('round_too_early');
      expect(found.message).toContain(`round ${revealRound} is already out`);
    });

    it('takes the round after the last that the chain has', () => {
      expect(preflight(timelocked({}, { revealRound: 34_140_001 }))).toEqual([]);
    });

    it('asks for an update when the chain wants another version', () => {
      expect(only(timelocked({ commitRevealVersion: 5 })).code).toBe('commit_version');
      const old = aKnownCall('commit_crv3_weights');
      expect(preflight(timelocked({ commitRevealVersion: null }, { call: old }))).toEqual([]);
    });

    it('counts the commits of this epoch', () => {
      const commits = Array.from({ length: 10 }, () => aCommit());
      expect(codes(timelocked({ own: anOwnPlace({ commits }) }))).toEqual(['too_many_commits']);
      expect(preflight(timelocked({ own: anOwnPlace({ commits: commits.slice(1) }) }))).toEqual([]);
      const older = [...commits.slice(1), aCommit({ epoch: 6 })];
      expect(preflight(timelocked({ own: anOwnPlace({ commits: older }) }))).toEqual([]);
    });

    it('counts none where the subnet runs no epochs', () => {
      const { schedule } = aSubnetState();
      const own = anOwnPlace({ commits: Array.from({ length: 10 }, () => aCommit()) });
      expect(preflight(timelocked({ schedule: { ...schedule, tempo: 0 }, own }))).toEqual([]);
    });

    it('measures the ciphertext of the row', () => {
      // 244 + 33 for the hotkey + 8 for the key + 2 for each length + 4 for each entry: 1,177 fit into 5,000 bytes
      const row = (length: number) => ({
        uids: Array.from({ length }, (_, uid) => uid),
        values: Array.from({ length }, () => 65_535),
      });
      expect(preflight(timelocked({ size: 2_000 }, { row: row(1_177) }))).toEqual([]);
      const found = only(timelocked({ size: 2_000 }, { row: row(1_178) }));
      expect(found.code).toBe('commit_too_large');
      expect(found.message).toContain('1178 entries has 5001 bytes');
    });
  });

  describe('of the row', () => {
    it.each([
      ['row_length', { uids: [2, 3], values: [65_535] }],
      ['row_uids', { uids: [2, 2], values: [65_535, 1] }],
      ['row_uids', { uids: [9], values: [65_535] }],
      ['row_too_high', { uids: [2], values: [65_536] }],
    ])('finds %s in %j', (code, row) => {
      expect(codes(plain({}, { row }))).toEqual([code]);
      expect(codes(timelocked({}, { row }))).toEqual([code]);
    });

    it('wants MinAllowedWeights entries, or as many as there are uids, or one for itself', () => {
      expect(only(plain({ minAllowedWeights: 5 })).message).toContain('has 4 entries and subnet 24 wants 5');
      const all = { uids: [0, 1, 2], values: [65_535, 0, 0] };
      expect(preflight(plain({ minAllowedWeights: 8, size: 3 }, { row: all }))).toEqual([]);
      expect(preflight(plain({ minAllowedWeights: 8 }, { row: { uids: [1], values: [65_535] } }))).toEqual(
        [],
      );
      expect(codes(plain({ minAllowedWeights: 8 }, { row: { uids: [], values: [] } }))).toEqual([
        'row_too_short',
      ]);
    });
  });

  it('lists everything in the order of the chain', () => {
    const own = anOwnPlace({ permit: false, stakeRao: 0n, lastUpdate: 1290 });
    const bad = { own, versionKey: 9n, minAllowedWeights: 5 };
    expect(codes(plain({ ...bad, commitReveal: true }, { row: { uids: [9], values: [65_536, 1] } }))).toEqual(
      [
        'stake_too_low',
        'too_fast',
        'commit_reveal_on',
        'row_length',
        'version_key',
        'no_permit',
        'row_uids',
        'row_too_short',
        'row_too_high',
      ],
    );
    expect(codes(timelocked({ ...bad, commitRevealVersion: 5 }, { revealRound: 1 }))).toEqual([
      'stake_too_low',
      'round_too_early',
      'too_fast',
      'commit_version',
      'version_key',
      'no_permit',
      'row_too_short',
    ]);
  });
});

/** What the real runtime refuses: our preflight says it before anything is sent, and our words for the chain's answer say the same. */
import { describe, expect } from 'vitest';
import type { WeightCall } from '../../../app/chain/calls-bytes.ts';
import type { ChainProblemCode } from '../../../app/chain/chain.ts';
import { commitEpoch } from '../../../app/chain/epoch.ts';
import { HotkeyPair } from '../../../app/chain/keyfile-pair.ts';
import { preflight } from '../../../app/chain/preflight.ts';
import { readSubnet } from '../../../app/chain/subnet-read.ts';
import { NETUID, type Stored } from './local-subnet.ts';
import { aBench, onRuntime } from './on-runtime.ts';
import { commit, committed, type Fate, OurSide, plain, type Row, signerOf, VERSION_KEY } from './our-side.ts';

const bench = aBench();
const ROUND = 30_000_000;
const GOOD: Row = { uids: [2, 3, 4, 5], values: [65_535, 27_306, 10_922, 5_461] };

interface Refusal {
  readonly title: string;
  readonly code: ChainProblemCode;
  /** Brings it about by storage of the newest block; what was there comes back afterwards. */
  readonly because?: Stored;
  readonly content?: WeightCall;
  /** Without stake or registration. */
  readonly stranger?: true;
}

const STRANGER = HotkeyPair.fromMiniSecret(Buffer.alloc(32, 99));
const limit = 'weightsSetRateLimit';
const flag = 'commitRevealWeightsEnabled';
const REFUSALS: readonly Refusal[] = [
  {
    title: 'weights within the rate limit',
    code: 'too_fast',
    because: [limit, [NETUID], 100_000],
  },
  {
    title: 'a hotkey with less stake than the threshold',
    code: 'stake_too_low',
    because: ['stakeThreshold', [], 10n ** 18n],
  },
  { title: 'a hotkey without a permit', code: 'no_permit', because: ['validatorPermit', [NETUID], []] },
  { title: 'a hotkey that is not registered', code: 'not_registered', stranger: true },
  {
    title: 'weights of an older version',
    code: 'version_key',
    because: ['weightsVersionKey', [NETUID], VERSION_KEY + 1n],
  },
  {
    title: 'plain weights where commit-reveal is on',
    code: 'commit_reveal_on',
    because: [flag, [NETUID], true],
  },
  {
    title: 'a commit where commit-reveal is off',
    code: 'commit_reveal_off',
    because: [flag, [NETUID], false],
    content: committed(Buffer.alloc(300, 1), ROUND),
  },
  {
    title: 'a row with a uid twice',
    code: 'row_uids',
    content: plain({ uids: [2, 2], values: [65_535, 1] }),
  },
  {
    title: 'a row with a uid that is nobody',
    code: 'row_uids',
    content: plain({ uids: [2, 200], values: [65_535, 1] }),
  },
  {
    title: 'a row that is too short',
    code: 'row_too_short',
    because: ['minAllowedWeights', [NETUID], 5],
  },
  {
    title: 'weights for the root network',
    code: 'root_subnet',
    content: plain(GOOD, { netuid: 0 }),
  },
  {
    title: 'weights for a subnet that does not exist',
    code: 'no_subnet',
    content: plain(GOOD, { netuid: 99 }),
  },
];

const nameOf = ({ kind }: WeightCall) => (kind === 'plain' ? 'set_weights' : 'commit_crv3_weights');

/** What our preflight says of it at the newest block. */
async function foreseen(ours: OurSide, content: WeightCall): Promise<ChainProblemCode[]> {
  const view = await ours.chain.finalized();
  const intent = {
    state: await readSubnet(view, { netuid: content.netuid, hotkey: ours.pair.hotkey }),
    call: await ours.call(nameOf(content)),
    row: content.kind === 'plain' ? content.row : GOOD,
    versionKey: VERSION_KEY,
    revealRound: content.kind === 'plain' ? null : content.revealRound,
  };
  return preflight(intent).map(({ code }) => code);
}

/** What our connection makes of the chain's answer. */
function refusedFor({ answer, outcome }: Fate): ChainProblemCode | undefined {
  return (answer.kind === 'refused' ? answer.problem : outcome?.problem)?.code;
}

describe('the real runtime refuses, and we say so before', () => {
  for (const { title, code, because, content = plain(GOOD), stranger } of REFUSALS)
    onRuntime(title, async () => {
      const { subnet } = bench;
      const ours = stranger ? new OurSide(subnet, STRANGER) : bench.ours;
      await subnet.during(because === undefined ? [] : [because], async () => {
        expect(await foreseen(ours, content)).toEqual([code]);
        const signer = signerOf(ours.pair, subnet.genesisHash, { netuid: content.netuid });
        expect(refusedFor(await ours.force(nameOf(content), content, signer))).toBe(code);
        expect(await subnet.row(subnet.validator.hotkey)).toEqual([]);
      });
      if (stranger) await ours.close();
    });

  onRuntime('an eleventh commit in one epoch, and one within the rate limit', async () => {
    const { subnet, ours } = bench;
    const { schedule } = (await ours.look()).state;
    const waiting = Array.from({ length: 10 }, () => [ours.pair.hotkey, '0x00', ROUND]);
    const content = commit(GOOD, ROUND);
    const commits: Stored = ['crv3WeightCommits', [NETUID, commitEpoch(schedule)], waiting];
    await subnet.during([[flag, [NETUID], true], commits], async () => {
      expect(await foreseen(ours, content)).toEqual(['too_many_commits']);
      expect(refusedFor(await ours.force(nameOf(content), content))).toBe('too_many_commits');
      await subnet.store(limit, [NETUID], 100_000);
      expect(await foreseen(ours, content)).toEqual(['too_fast', 'too_many_commits']);
      expect(refusedFor(await ours.force(nameOf(content), content))).toBe('too_fast');
      await subnet.store(limit, [NETUID], 1);
    });
  });
});

describe('the words of the real runtime', () => {
  onRuntime('have a code also where no later runtime says them', async () => {
    const { subnet, ours } = bench;
    await subnet.during([['maxWeightsLimit', [NETUID], 30_000]], async () => {
      expect(refusedFor(await ours.force('set_weights', plain(GOOD)))).toBe('row_too_high');
    });
  });
});

describe('the pool of the real runtime', () => {
  onRuntime('says what is wrong with an extrinsic itself', async () => {
    const { subnet, ours } = bench;
    const submit = async (bytes: string) => {
      const answer = await ours.chain.submit(bytes);
      return answer.kind === 'refused' ? answer.problem.code : answer.kind;
    };
    await ours.force('set_weights', plain(GOOD));
    const used = await ours.sign('set_weights', plain(GOOD), { nonce: 0 });
    const { bytes, deathBlock } = await ours.sign('set_weights', plain(GOOD));
    // the signature stands after length, version, kind and account
    const at = 2 * (2 + 1 + 1 + 32) + 20;
    const forged = bytes.slice(0, at) + (bytes[at] === '0' ? '1' : '0') + bytes.slice(at + 1);
    expect(await submit(forged)).toBe('bad_signature');
    expect(await submit(used.bytes)).toBe('outdated');
    // once its era is over, the runtime takes another block for its birth and so expects another signature
    await subnet.skipTo(deathBlock);
    expect(await submit(bytes)).toBe('bad_signature');
  });
});

describe('the signer, on calls of the real runtime', () => {
  onRuntime('refuses a transfer, another netuid and another genesis', async () => {
    const { subnet, ours } = bench;
    const { view } = await ours.look();
    const account = ours.pair.hotkey;
    const transfer = subnet.calls().balances('transferAllowDeath', subnet.miners[0], 1).method.toU8a();
    const sign = (call: Uint8Array, signer = ours.signer) =>
      ours.chain.sign(view, call, { account, nonce: 0, signer });
    await expect(sign(transfer)).rejects.toMatchObject({ code: 'not_a_weight_call' });
    await expect(ours.sign('set_weights', plain(GOOD, { netuid: 2 }))).rejects.toMatchObject({
      code: 'another_netuid',
    });
    const elsewhere = signerOf(ours.pair, `0x${'33'.repeat(32)}`);
    await expect(ours.sign('set_weights', plain(GOOD), { signer: elsewhere })).rejects.toMatchObject({
      code: 'another_genesis',
    });
  });
});

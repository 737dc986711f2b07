/** Every check of the chain that a weight call would fail, told before it is sent, with what to do about it. Pure. */
import type { KnownCall } from './calls.ts';
import type { ChainProblem, ChainProblemCode } from './chain.ts';
import { rateLimitWait } from './epoch-window.ts';
import type { WeightRow } from './normalise.ts';
import { commitProblems } from './preflight-commit.ts';
import { ownerIsExempt, stakeProblem, versionKeyProblem } from './preflight-own.ts';
import { rowProblems } from './preflight-row.ts';
import type { OwnPlace, SubnetState } from './subnet.ts';

export interface Intent {
  readonly state: SubnetState;
  readonly call: KnownCall;
  /** Null while there is none: then nothing is said of it. */
  readonly row: WeightRow | null;
  /** The version of the weights that we know how to make. */
  readonly versionKey: bigint;
  /** Null for plain calls. */
  readonly revealRound: number | null;
}

/** The order in which the newest chain looks: first its pool, then the call, then, for a commit, the reveal. */
const ORDER: Readonly<Record<KnownCall['kind'], readonly ChainProblemCode[]>> = {
  plain: [
    'consensus_mode',
    'stake_too_low',
    'too_fast',
    'commit_reveal_on',
    'row_length',
    'not_registered',
    'version_key',
    'no_permit',
    'row_uids',
    'row_too_short',
    'row_too_high',
  ],
  timelocked: [
    'consensus_mode',
    'stake_too_low',
    'round_too_early',
    'too_fast',
    'commit_reveal_off',
    'commit_version',
    'not_registered',
    'too_many_commits',
    'commit_too_large',
    'row_length',
    'version_key',
    'no_permit',
    'row_uids',
    'row_too_short',
    'row_too_high',
  ],
};

/**
 * What the chain would refuse, as far as the state tells, in the chain's own order; empty when it would take the call in
 * the next block. First comes what it takes and then ignores: weights under the consensus `Null`. A timelocked commit also
 * gets the checks of its reveal, where a failure leaves neither an error nor an event. What only follows from another
 * problem is left out: who is not registered has no stake either. Without a hotkey only the call and the row are checked.
 *
 * Source: subtensor `CheckWeights`, `internal_set_weights` and `internal_commit_timelocked_weights`.
 */
export function preflight(intent: Intent): ChainProblem[] {
  const { state, call, row } = intent;
  const nowhere = subnetProblem(state, call);
  if (nowhere !== null) return [nowhere];
  const { own } = state;
  const found = [
    ...consensusProblems(state),
    ...pathProblems(state, call),
    ...(own === null ? [] : senderProblems(intent, own)),
    ...(call.kind === 'timelocked' ? commitProblems(intent) : []),
    ...(row === null ? [] : rowProblems(row, state)),
  ];
  const order = ORDER[call.kind];
  return found.sort((a, b) => order.indexOf(a.code) - order.indexOf(b.code));
}

function subnetProblem({ netuid, exists, mechanisms }: SubnetState, call: KnownCall): ChainProblem | null {
  if (netuid === 0)
    return problem(
      'root_subnet',
      'netuid 0 is the root network, which takes no weights: set NETUID to your subnet',
    );
  if (!exists)
    return problem(
      'no_subnet',
      `there is no subnet ${netuid} on this chain: set NETUID and CHAIN_GENESIS to the subnet that you mean`,
    );
  if (mechanisms === 0 && call.args.some(({ name }) => name === 'mecid'))
    return problem(
      'no_mechanism',
      `subnet ${netuid} has no mechanism 0: ask its owner to set the count to 1`,
    );
  return null;
}

/** Another one than these two is told (`subnetAlerts`) and sent to: a new name of Yuma must not cost epochs. */
function consensusProblems({ consensus, netuid }: SubnetState): ChainProblem[] {
  if (consensus !== 'Null') return [];
  return [
    problem(
      'consensus_mode',
      `subnet ${netuid} runs consensus Null, under which weights pay nobody: none are sent until its owner sets Yuma`,
    ),
  ];
}

/** The owner may flip the flag between two blocks: the next look then chooses the other kind of call. */
function pathProblems({ commitReveal, netuid }: SubnetState, { kind, name }: KnownCall): ChainProblem[] {
  if (commitReveal === (kind === 'timelocked')) return [];
  const [code, is, wanted]: [ChainProblemCode, string, string] = commitReveal
    ? ['commit_reveal_on', 'on', 'a timelocked commit']
    : ['commit_reveal_off', 'off', 'plain weights'];
  return [
    problem(
      code,
      `commit-reveal is ${is} on subnet ${netuid}, and ${name} was chosen: look again and send ${wanted}`,
    ),
  ];
}

function senderProblems({ state, versionKey, row }: Intent, own: OwnPlace): ChainProblem[] {
  const { netuid, schedule } = state;
  const { hotkey, uid, permit } = own;
  if (uid === null)
    return [
      problem(
        'not_registered',
        `hotkey ${hotkey} is not registered on subnet ${netuid}: register it with btcli subnet register --netuid ${netuid}`,
      ),
    ];
  const found: ChainProblem[] = [];
  const stake = stakeProblem(state, own);
  if (stake !== null) found.push(stake);
  const key = versionKeyProblem(state, versionKey);
  if (key !== null) found.push(key);
  const wait = rateLimitWait(schedule.head, {
    lastUpdate: own.lastUpdate,
    rateLimitBlocks: state.rateLimitBlocks,
  });
  if (wait > 0)
    found.push(
      problem(
        'too_fast',
        `the rate limit of subnet ${netuid} is ${state.rateLimitBlocks} blocks, and uid ${uid} sent weights in block ${own.lastUpdate}: they pass again in ${wait} block${wait === 1 ? '' : 's'}`,
      ),
    );
  const selfWeight = row?.uids.length === 1 && row.uids[0] === uid;
  if (!permit && !selfWeight && !ownerIsExempt(state, own))
    found.push(
      problem(
        'no_permit',
        `uid ${uid} has no validator permit on subnet ${netuid}: get more stake on ${hotkey} than the lowest validator that has one, the next epoch then gives it`,
      ),
    );
  return found;
}

function problem(code: ChainProblemCode, message: string): ChainProblem {
  return { code, message };
}

/** What an operator must see of our place on the subnet, whether or not weights are due. Pure. */
import { inWhole, ownerIsExempt, stakeProblem, versionKeyProblem } from './preflight-own.ts';
import type { ChainAlert } from './setter/report.ts';
import type { OwnPlace, SubnetState } from './subnet.ts';

/** Below a fifth above the threshold: what others stake and earn can take it under within days. */
const hasMargin = (stake: bigint, threshold: bigint): boolean => stake * 5n >= threshold * 6n;
/** A row is proven once per epoch; half of one more means that an epoch was lost. */
const WARN_TEMPOS = 1.5;
/** Of the blocks after which the chain counts a validator as inactive. */
const PAGE_PART_OF_CUTOFF = 0.6;

export interface Known {
  /** The block in which a row of ours was last read back; null while none was. */
  readonly lastVerifiedBlock: number | null;
  /** The version of the weights that we know how to make. */
  readonly versionKey: bigint;
}

/** At most one alert of each code; none without a hotkey, or on a subnet that does not exist, which `preflight` tells. */
export function subnetAlerts(state: SubnetState, known: Known): ChainAlert[] {
  const { own, netuid } = state;
  if (own === null || !state.exists) return [];
  const consensus = consensusAlert(state);
  if (own.uid === null)
    return [
      page(
        'not_registered',
        `hotkey ${own.hotkey} is not registered on subnet ${netuid} (block ${state.block.number}): no weights can be set until it is, with btcli subnet register --netuid ${netuid}`,
      ),
      ...consensus,
    ];
  const key = versionKeyProblem(state, known.versionKey);
  return [
    ...permitAlert(state, own),
    ...stakeAlert(state, own),
    ...(key === null ? [] : [page(key.code, key.message)]),
    ...consensus,
    ...ageAlert(state, own, known.lastVerifiedBlock),
  ];
}

function permitAlert(state: SubnetState, own: OwnPlace): ChainAlert[] {
  if (own.permit || ownerIsExempt(state, own)) return [];
  return [
    page(
      'no_permit',
      `uid ${own.uid} has no validator permit on subnet ${state.netuid}: its weights are refused until it has more stake than the lowest validator`,
    ),
  ];
}

function stakeAlert(state: SubnetState, own: OwnPlace): ChainAlert[] {
  const short = stakeProblem(state, own);
  if (short !== null) return [page(short.code, short.message)];
  const { stakeThresholdRao } = state;
  const { stakeRao, hotkey } = own;
  if (stakeRao === null || ownerIsExempt(state, own) || hasMargin(stakeRao, stakeThresholdRao)) return [];
  return [
    warn(
      'stake_margin',
      `hotkey ${hotkey} has a stake weight of ${inWhole(stakeRao)}, less than 20 % above the ${inWhole(stakeThresholdRao)} that weights need: stake more to it`,
    ),
  ];
}

function consensusAlert({ consensus, netuid }: SubnetState): ChainAlert[] {
  if (consensus === null || consensus === 'Yuma') return [];
  return [
    page(
      'consensus_mode',
      `subnet ${netuid} runs consensus ${consensus} instead of Yuma: weights may pay other winners than these, ask its owner`,
    ),
  ];
}

/** Before the first row was read back, the last update counts; before the first of those there is nothing to lose. */
function ageAlert(state: SubnetState, own: OwnPlace, verified: number | null): ChainAlert[] {
  const since = verified ?? own.lastUpdate;
  if (since === 0) return [];
  const { activityCutoffBlocks, schedule } = state;
  const age = state.block.number - since;
  const warnFrom = WARN_TEMPOS * schedule.tempo;
  // a cutoff of one tempo cannot be kept clear of: one row is proven per epoch
  const pageFrom = Math.max(warnFrom, PAGE_PART_OF_CUTOFF * activityCutoffBlocks);
  if (age < warnFrom) return [];
  const message = `no row of uid ${own.uid} was read back for ${age} blocks, since block ${since}: after ${activityCutoffBlocks} without an update it counts as inactive; see the failed attempts on the page /weights`;
  return [age < pageFrom ? warn('not_verified_long', message) : page('not_verified_long', message)];
}

function warn(code: ChainAlert['code'], message: string): ChainAlert {
  return { code, severity: 'warn', message };
}

function page(code: ChainAlert['code'], message: string): ChainAlert {
  return { code, severity: 'page', message };
}

/** What of our own place the chain holds against its limits. Pure. */
import type { ChainProblem } from './chain.ts';
import type { OwnPlace, SubnetState } from './subnet.ts';

/** Runtimes from this one on let the hotkey of the subnet's owner set weights without stake or permit. */
const OWNER_EXEMPT_SINCE_SPEC = 393;
const RAO = 1_000_000_000n;

export function ownerIsExempt({ specVersion, ownerUid }: SubnetState, { uid }: OwnPlace): boolean {
  return specVersion >= OWNER_EXEMPT_SINCE_SPEC && uid !== null && uid === ownerUid;
}

/** Source: subtensor `check_weights_min_stake`; the pool refuses such calls as `Custom(1)`. Null also when nobody tells the stake. */
export function stakeProblem(state: SubnetState, own: OwnPlace): ChainProblem | null {
  const { stakeThresholdRao, netuid } = state;
  const { stakeRao, hotkey } = own;
  if (stakeRao === null || stakeRao >= stakeThresholdRao || ownerIsExempt(state, own)) return null;
  return {
    code: 'stake_too_low',
    message: `hotkey ${hotkey} has a stake weight of ${inWhole(stakeRao)} on subnet ${netuid} and needs ${inWhole(stakeThresholdRao)}: stake ${inWhole(stakeThresholdRao - stakeRao)} more to it`,
  };
}

/** A larger key on chain says that rows are to be made in another way: it is never echoed. Source: subtensor `check_version_key`. */
export function versionKeyProblem(
  { versionKey: wanted, netuid }: SubnetState,
  ours: bigint,
): ChainProblem | null {
  if (wanted === 0n || ours >= wanted) return null;
  return {
    code: 'version_key',
    message: `subnet ${netuid} wants weights of version ${wanted}, and these are of version ${ours}: update Quasar Referee`,
  };
}

/** Rao as the whole unit, with as many decimals as it has. */
export function inWhole(rao: bigint): string {
  const decimals = (rao % RAO).toString().padStart(9, '0').replace(/0+$/, '');
  return `${rao / RAO}${decimals === '' ? '' : `.${decimals}`}`;
}

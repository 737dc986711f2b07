/** Makes the subnet of the real runtime one where weights can be set. */
import { LocalSubnet, NETUID, type Neurons } from './local-subnet.ts';

export interface SubnetPlan extends Neurons {
  readonly tempo: number;
  readonly versionKey: bigint;
  /** Who burns what no winner gets; registered too. Nobody unless told. */
  readonly ownerHotkey?: string;
}

const STAKE_RAO = 500_000_000_000n;
const REGISTRATIONS = 100;
/** The old chain opens no commits in its first two epochs. */
const EPOCHS_TO_SKIP = 48;

/** Registers everybody in one block, the validator with stake and permit. The newest block is the first of an epoch then. */
export async function prepareSubnet(url: string, plan: SubnetPlan): Promise<LocalSubnet> {
  const { validator, miners, tempo, versionKey, ownerHotkey } = plan;
  const subnet = await LocalSubnet.open(url, plan);
  const { adminUtils, subtensorModule } = subnet.calls();
  const hotkeys = [...(ownerHotkey === undefined ? [] : [ownerHotkey]), validator.hotkey, ...miners];
  await subnet.include(
    ...[
      adminUtils('sudoSetSubtokenEnabled', NETUID, true),
      adminUtils('sudoSetTargetRegistrationsPerInterval', NETUID, REGISTRATIONS),
      adminUtils('sudoSetMaxRegistrationsPerBlock', NETUID, REGISTRATIONS),
      adminUtils('sudoSetNetworkRegistrationAllowed', NETUID, true),
      adminUtils('sudoSetTempo', NETUID, tempo),
      adminUtils('sudoSetWeightsSetRateLimit', NETUID, 1),
      adminUtils('sudoSetWeightsVersionKey', NETUID, versionKey),
      adminUtils('sudoSetMinAllowedWeights', NETUID, 1),
    ].map((call) => subnet.sudo(call)),
    ...hotkeys.map((hotkey) => subtensorModule('burnedRegister', NETUID, hotkey)),
    subtensorModule('addStake', validator.hotkey, NETUID, STAKE_RAO),
  );
  if (ownerHotkey !== undefined) await subnet.store('subnetOwnerHotkey', [NETUID], ownerHotkey);
  await subnet.permit(validator.hotkey, true);
  await subnet.skipTo(EPOCHS_TO_SKIP * (tempo + 1) - (NETUID + 1));
  return subnet;
}

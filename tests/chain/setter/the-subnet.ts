/** Netuid 7 of the chain double, and the setter's options there: also for processes that no test runner runs. */
import type { Chain } from '../../../app/chain/chain.ts';
import { HotkeyPair } from '../../../app/chain/keyfile-pair.ts';
import type { WeightSetterOptions } from '../../../app/chain/setter/drive-weights.ts';
import type { WeightSetStore, WeightSlot } from '../../../app/chain/setter/weight-set.ts';
import { createSigner, type WeightSigner } from '../../../app/chain/signer.ts';
import type { Hotkey } from '../../../app/ids.ts';

export type Beacon = NonNullable<WeightSetterOptions['beacon']>;

export const NETUID = 7;
export const TEMPO = 40;
const pairOf = (byte: number) => HotkeyPair.fromMiniSecret(Buffer.alloc(32, byte));
export const VALIDATOR = pairOf(7);
export const PROXY = pairOf(6);
export const OWNER = pairOf(8).hotkey;
export const WINNERS: readonly Hotkey[] = [pairOf(11).hotkey, pairOf(12).hotkey];

/** Places 1 and 2 of the default policy; the rest is the owner's. */
export const SHARES = [
  { hotkey: WINNERS[0] as Hotkey, share: 0.6 },
  { hotkey: WINNERS[1] as Hotkey, share: 0.25 },
];
export const ROW: readonly [number, number][] = [
  [2, 65_535],
  [3, 27_306],
  [0, 16_384],
];

export function slotOf({ genesisHash }: { readonly genesisHash: string }): WeightSlot {
  return { genesisHash, netuid: NETUID, hotkey: VALIDATOR.hotkey };
}

export function signerFor(
  genesisHash: string,
  pair: HotkeyPair = VALIDATOR,
  proxyFor: Hotkey | null = null,
): WeightSigner {
  return createSigner({
    pair,
    policy: { netuid: NETUID, genesisHash, proxyFor },
    limit: { signatures: 1_000, windowMs: 1_000 },
    now: () => 0,
    log: () => undefined,
  });
}

/** What every setter on this subnet is made with; the clock is the chain's. */
export function setterOptions(chain: Chain, store: WeightSetStore, beacon: Beacon): WeightSetterOptions {
  return {
    chain,
    store,
    signer: signerFor(chain.genesisHash),
    account: VALIDATOR.hotkey,
    signingAccount: VALIDATOR.hotkey,
    netuid: NETUID,
    loose: 'owner',
    versionKey: 0n,
    standing: async () => ({ shares: SHARES, standingAt: 1 }),
    carryOverMaxMs: 3_600_000,
    beacon,
    now: () => 1_795_223_604_000,
  };
}

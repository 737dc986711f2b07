/** A subnet as it was read at block 1300, in which uid 1 is ours and an epoch runs 60 blocks later. */
import { KNOWN_CALLS, type KnownCall } from '../../app/chain/calls.ts';
import type { OwnPlace, SubnetState } from '../../app/chain/subnet.ts';

export const OWN_HOTKEY = '5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty';

export const anOwnPlace = (more: Partial<OwnPlace> = {}): OwnPlace => ({
  hotkey: OWN_HOTKEY,
  uid: 1,
  permit: true,
  stakeRao: 2_000_000_000_000n,
  lastUpdate: 970,
  registeredAt: 10,
  row: [],
  commits: [],
  ...more,
});

export const aSubnetState = (more: Partial<SubnetState> = {}): SubnetState => ({
  block: { number: 1300, hash: `0x${'ab'.repeat(32)}` },
  timestampMs: 1_795_223_604_000,
  specVersion: 393,
  netuid: 24,
  exists: true,
  size: 9,
  uidOf: new Map([
    ['owner', 0],
    [OWN_HOTKEY, 1],
  ]),
  ownerHotkey: 'owner',
  ownerUid: 0,
  minAllowedWeights: 1,
  rateLimitBlocks: 100,
  versionKey: 0n,
  commitReveal: false,
  commitRevealVersion: 4,
  revealPeriodEpochs: 1,
  mechanisms: 1,
  stakeThresholdRao: 1_000_000_000_000n,
  activityCutoffBlocks: 5_000,
  consensus: 'Yuma',
  schedule: {
    form: 'stateful',
    head: 1300,
    tempo: 360,
    lastEpochBlock: 1000,
    pendingEpochAt: 0,
    subnetEpochIndex: 7,
    blocksSinceLastStep: 300,
  },
  lastStoredRound: 34_140_000,
  own: anOwnPlace(),
  ...more,
});

export function aKnownCall(name: string): KnownCall {
  const call = KNOWN_CALLS.find((known) => known.name === name);
  if (call === undefined) throw new Error(`${name} is no known call`);
  return call;
}

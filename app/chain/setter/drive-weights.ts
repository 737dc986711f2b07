/**
 * Sets weights, level-triggered: each look reads one finalized block and the stored attempts, and does what `planWeights`
 * says under a lease. Every step is stored before and after, so that whoever looks next, here or elsewhere, goes on where it
 * stopped.
 */
import { randomBytes } from 'node:crypto';
import type { Chain } from '../chain.ts';
import { QUICKNET } from '../drand.ts';
import type { BeaconClock } from '../epoch.ts';
import { preflight } from '../preflight.ts';
import { subnetAlerts } from '../preflight-alerts.ts';
import type { WeightSigner } from '../signer.ts';
import type { SubnetState } from '../subnet.ts';
import { readSubnet } from '../subnet-read.ts';
import { historyAlerts } from './failure-alerts.ts';
import { dryRun, elsewhere, failedReport, reportOf } from './look-report.ts';
import { type ObserveOptions, observe } from './observe.ts';
import { type Hands, HISTORY, OneLook, type SetterLog } from './one-look.ts';
import type { ChainAlert, SetterReport } from './report.ts';
import { Sender } from './send-signed.ts';
import { Lookout } from './sight.ts';
import { signerCheck } from './signer-check.ts';
import { stallWatch } from './stall.ts';
import type { WeightSetStore, WeightSlot } from './weight-set.ts';

export interface WeightSetterOptions
  extends Pick<ObserveOptions, 'netuid' | 'loose' | 'versionKey' | 'standing' | 'carryOverMaxMs' | 'now'> {
  readonly chain: Chain;
  readonly store: WeightSetStore;
  /** Null: a dry run, in which everything is computed and nothing is stored or sent. */
  readonly signer: WeightSigner | null;
  /** The hotkey whose row it is; null only in a dry run. */
  readonly account: string | null;
  /** Who signs: the account itself, or its proxy. */
  readonly signingAccount: string | null;
  readonly beacon?: BeaconClock & { readonly publicKey: string };
  readonly random?: (length: number) => Uint8Array;
  readonly log?: SetterLog;
  readonly readSubnet?: ObserveOptions['readSubnet'];
  readonly preflight?: ObserveOptions['preflight'];
  readonly subnetAlerts?: ObserveOptions['subnetAlerts'];
}

export interface WeightSetter {
  /** One look at the chain, and all that it gives cause to do. Never rejects: what failed is in the report. */
  look(): Promise<SetterReport>;
}

export function createWeightSetter(options: WeightSetterOptions): WeightSetter {
  const { chain, store, netuid, account, now, beacon = QUICKNET } = options;
  const { random = randomBytes, log = () => undefined } = options;
  const slot: WeightSlot | null =
    account === null ? null : { genesisHash: chain.genesisHash, netuid, hotkey: account };
  const seeing: ObserveOptions = {
    ...options,
    beacon,
    readSubnet: options.readSubnet ?? readSubnet,
    preflight: options.preflight ?? preflight,
    subnetAlerts: options.subnetAlerts ?? subnetAlerts,
    standing: async () => {
      try {
        return await options.standing();
      } catch (error) {
        log('the standing cannot be read', { err: error });
        return null;
      }
    },
    lastVerified: async () => (slot === null ? null : store.lastVerified(slot)),
  };
  const hands = handsOf(options, slot);
  const lookout = new Lookout(chain, seeing.readSubnet);
  const tools = { ...options, beacon, random, log, lookout, sender: new Sender(chain) };

  const stalledAt = stallWatch(now);

  async function look(at: number): Promise<SetterReport> {
    const { alerts, ...report } = await oneLook(at);
    const stalled = report.block === null ? [] : stalledAt(report.block.number);
    return { ...report, alerts: [...stalled, ...alerts] };
  }

  async function oneLook(at: number): Promise<SetterReport> {
    let seen = await observe(seeing);
    if (hands === null) return reportOf(at, seen, dryRun(seen));
    const done = await store.alone(hands.slot, async () => {
      // what was read before the lease may be older than what another one stored under it
      if ((await chain.finalized()).block.number !== seen.view.block.number) seen = await observe(seeing);
      return new OneLook(tools, hands, seen).run();
    });
    return reportOf(at, seen, done ?? elsewhere(await standingAlerts(hands, seen.state)));
  }

  /** What is wrong however one look went: it must not come and go with the lease. */
  async function standingAlerts({ slot, check }: Hands, state: SubnetState): Promise<ChainAlert[]> {
    const problem = await check.problem();
    const signer: ChainAlert[] =
      problem === null ? [] : [{ code: 'signer', severity: 'page', message: problem }];
    return [...signer, ...historyAlerts(state, await store.history(slot, HISTORY))];
  }

  return {
    async look() {
      const at = now();
      try {
        return await look(at);
      } catch (error) {
        log('a look at the chain failed', { err: error });
        return failedReport(at, error);
      }
    },
  };
}

function handsOf(
  { signer, account, signingAccount, netuid, chain }: WeightSetterOptions,
  slot: WeightSlot | null,
): Hands | null {
  if (signer === null) return null;
  if (account === null || signingAccount === null || slot === null)
    throw new TypeError('a signer without an account: name the hotkey whose weights are set');
  const expected = { account, signingAccount, netuid, genesisHash: chain.genesisHash };
  return { slot, signingAccount, signer, check: signerCheck(signer, expected) };
}

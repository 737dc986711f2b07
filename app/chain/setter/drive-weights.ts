/**
 * Does what `planWeights` says, under a lease, one step after the other, planning again after each. Every step is stored
 * before and after, so that whoever looks next, here or elsewhere, sees where it stopped.
 */
import { randomBytes } from 'node:crypto';
import { type Chain, ChainError } from '../chain.ts';
import { QUICKNET } from '../drand.ts';
import type { BeaconClock } from '../epoch.ts';
import { preflight } from '../preflight.ts';
import { subnetAlerts } from '../preflight-alerts.ts';
import { SignerError, type WeightSigner } from '../signer.ts';
import { readSubnet } from '../subnet-read.ts';
import { failureAlerts } from './failure-alerts.ts';
import { finalizedNonce } from './finalized-nonce.ts';
import { chainAlert, type Observation, type ObserveOptions, observe, once } from './observe.ts';
import { planWeights, type Sighting, type Step, type Wait } from './plan-weights.ts';
import type { ChainAlert, SetterReport, SetterStep } from './report.ts';
import { Lookout } from './sight.ts';
import { signWeights } from './sign-weights.ts';
import { type SignerCheck, signerCheck } from './signer-check.ts';
import type { NewWeightSet, WeightSet, WeightSetStore, WeightSlot } from './weight-set.ts';

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

export type SetterLog = (message: string, fields: Readonly<Record<string, unknown>>) => void;

export interface WeightSetter {
  /** One look at the chain, and all that it gives cause to do. Never rejects: what failed is in the report. */
  look(): Promise<SetterReport>;
}

/** More than one look ever needs; a plan that never settles is a defect and must not spin. */
const MAX_STEPS = 20;
/** More attempts than an epoch ever has. */
const HISTORY = 50;
/** After what a person must mend, or what passes by itself. */
const RETRY_BLOCKS = 5;

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
  const tools = { ...options, beacon, random, log, lookout };

  async function look(at: number): Promise<SetterReport> {
    let seen = await observe(seeing);
    if (hands === null) return reportOf(at, seen, dryRun(seen));
    const done = await store.alone(hands.slot, async () => {
      // what was read before the lease may be older than what another one stored under it
      if ((await chain.finalized()).block.number !== seen.view.block.number) seen = await observe(seeing);
      return new Look(tools, hands, seen).run();
    });
    return reportOf(at, seen, done ?? elsewhere());
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

/** Whose weights are sent, and by whom. Null: nobody's, a dry run. */
interface Hands {
  readonly slot: WeightSlot;
  readonly signingAccount: string;
  readonly signer: WeightSigner;
  readonly check: SignerCheck;
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

interface Tools extends Pick<WeightSetterOptions, 'chain' | 'store' | 'versionKey' | 'now'> {
  readonly beacon: BeaconClock & { readonly publicKey: string };
  readonly random: (length: number) => Uint8Array;
  readonly log: SetterLog;
  readonly lookout: Lookout;
}

interface Done {
  readonly steps: readonly SetterStep[];
  readonly alerts: readonly ChainAlert[];
  readonly againInBlocks: number;
}

class Look {
  readonly #steps: SetterStep[] = [];
  readonly #alerts: ChainAlert[] = [];
  /** What this look has tried and does not repeat, whatever came of it. */
  readonly #tried = new Set<string>();
  readonly #tools: Tools;
  readonly #hands: Hands;
  readonly #seen: Observation;
  #nonce: number | null = null;
  constructor(tools: Tools, hands: Hands, seen: Observation) {
    this.#tools = tools;
    this.#hands = hands;
    this.#seen = seen;
  }

  async run(): Promise<Done> {
    const { store } = this.#tools;
    const signerProblem = await this.#hands.check.problem();
    if (signerProblem !== null) this.#alert('signer', 'page', signerProblem);
    let wait: Wait = { kind: 'wait', message: 'there was more to do than one look does', blocks: 1 };
    for (let count = 0; count < MAX_STEPS; count += 1) {
      const plan = await this.#plan(signerProblem);
      const step = plan.steps.find((one) => !this.#tried.has(keyOf(one)));
      wait = plan.wait;
      if (step === undefined) break;
      this.#tried.add(keyOf(step));
      await this.#attempt(step);
    }
    this.#steps.push({ kind: wait.kind, message: wait.message });
    const failures = failureAlerts(await store.history(this.#hands.slot, HISTORY));
    return { steps: this.#steps, alerts: [...this.#alerts, ...failures], againInBlocks: wait.blocks };
  }

  async #plan(signerProblem: string | null) {
    const { store } = this.#tools;
    const { slot } = this.#hands;
    const { state, epoch, draft, why, obstacles } = this.#seen;
    const sets = await store.unfinished(slot);
    const unfinished: { set: WeightSet; seen: Sighting }[] = [];
    for (const set of sets) unfinished.push({ set, seen: await this.#sight(set) });
    return planWeights({
      state,
      epoch,
      nonce: await this.#finalizedNonce(),
      unfinished,
      history: await store.history(slot, HISTORY),
      draft,
      why,
      obstacles: signerProblem === null ? obstacles : [{ message: signerProblem }, ...obstacles],
    });
  }

  /** What cannot be seen now is looked for again: the others need not wait for it. */
  async #sight(set: WeightSet): Promise<Sighting> {
    try {
      return await this.#tools.lookout.sight(set, this.#seen.state);
    } catch (error) {
      if (!(error instanceof ChainError)) throw error;
      this.#alerts.push(chainAlert(error));
      return { kind: 'unknown' };
    }
  }

  async #finalizedNonce(): Promise<number> {
    this.#nonce ??= await finalizedNonce(this.#seen.view, this.#hands.signingAccount);
    return this.#nonce;
  }

  async #attempt(step: Step): Promise<void> {
    try {
      await this.#perform(step);
    } catch (error) {
      if (error instanceof SignerError) {
        this.#hands.check.again();
        this.#alert('signer', 'page', error.userMessage);
      } else if (error instanceof ChainError) this.#alerts.push(chainAlert(error));
      else throw error;
      this.#tools.log('a step failed and will be tried again', { err: error, step: step.do });
    }
  }

  async #perform(step: Step): Promise<void> {
    switch (step.do) {
      case 'plan':
        return this.#store(step);
      case 'sign':
        return this.#sign(step);
      case 'submit':
        return this.#submit(step.set);
      case 'include': {
        const { set, change } = step;
        const epoch = change.epoch ?? set.epoch;
        const late = epoch === set.epoch ? '' : ` instead of ${set.epoch}, which had ended`;
        const message = `block ${change.includedBlock} has the weights, for epoch ${epoch}${late}`;
        return this.#move(set, { ...change, state: 'included' }, { kind: 'included', message });
      }
      case 'verify': {
        const { set, block, by } = step;
        const message = `the row of epoch ${set.epoch} was read back in block ${block}`;
        const change = { state: 'verified', verifiedBlock: block, verifiedBy: by } as const;
        return this.#move(set, change, { kind: 'verified', message });
      }
      case 'fail': {
        const { set, code, message } = step;
        const change = { state: 'failed', failureCode: code, failure: message } as const;
        const said = `attempt ${set.attempt} of epoch ${set.epoch} failed: ${message}`;
        return this.#move(set, change, { kind: 'failed', message: said });
      }
    }
  }

  async #store({ draft }: Extract<Step, { do: 'plan' }>): Promise<void> {
    const { standing, state } = this.#seen;
    if (standing === null) return;
    const { epoch, row, call, reveal } = draft;
    const set: NewWeightSet = {
      ...this.#hands.slot,
      epoch,
      shares: standing.shares,
      standingAt: standing.standingAt,
      row,
      call: call.name,
      kind: call.kind,
      plannedBlock: state.block.number,
      ...revealColumns(draft),
      commitHash: null,
      createdAt: this.#tools.now(),
    };
    const stored = await this.#tools.store.plan(set);
    if (stored === null) this.#say('wait', `epoch ${epoch} has an attempt already`);
    else
      this.#say(
        'planned',
        `attempt ${stored.attempt} for epoch ${epoch}, by ${call.name}${revealNote(reveal)}`,
      );
  }

  async #sign({ set, draft }: Extract<Step, { do: 'sign' }>): Promise<void> {
    const { beacon, chain, versionKey, random } = this.#tools;
    const { slot, signingAccount, signer } = this.#hands;
    const { view, state } = this.#seen;
    const signed = await signWeights(draft, {
      chain,
      view,
      netuid: slot.netuid,
      account: slot.hotkey,
      signingAccount,
      signer,
      versionKey,
      beaconKey: beacon.publicKey,
      random,
      nonce: await this.#finalizedNonce(),
    });
    const { hash, nonce, deathBlock } = signed.extrinsic;
    const message = `${hash}, nonce ${nonce}, good until block ${deathBlock}`;
    const change = {
      state: 'signed',
      plannedBlock: state.block.number,
      ...revealColumns(draft),
      ...signed,
    } as const;
    return this.#move(set, change, { kind: 'signed', message });
  }

  async #submit({ extrinsic }: WeightSet): Promise<void> {
    if (extrinsic === null) return;
    const answer = await this.#tools.chain.submit(extrinsic.bytes);
    if (answer.kind === 'pending') {
      this.#say('sent', `${extrinsic.hash} is in the pool`);
      return;
    }
    const { code, message } = answer.problem;
    this.#say('sent', `the pool refused ${extrinsic.hash}: ${message}`);
    // a nonce that is used already is what a block that is not final yet looks like from here
    if (code !== 'outdated' && code !== 'too_fast') this.#alert(code, 'page', message);
  }

  /** Who finds it moved by somebody else has nothing more to do with it. */
  async #move(
    set: WeightSet,
    change: Partial<WeightSet> & { readonly state: WeightSet['state'] },
    step: SetterStep,
  ): Promise<void> {
    if (await this.#tools.store.move(set.id, set.state, change)) {
      this.#steps.push(step);
      this.#tools.log(`weights ${step.kind}`, {
        epoch: set.epoch,
        attempt: set.attempt,
        detail: step.message,
      });
    } else this.#say('wait', `attempt ${set.attempt} of epoch ${set.epoch} was moved by another process`);
  }

  #say(kind: SetterStep['kind'], message: string): void {
    this.#steps.push({ kind, message });
  }

  #alert(code: ChainAlert['code'], severity: ChainAlert['severity'], message: string): void {
    this.#alerts.push({ code, severity, message });
  }
}

function keyOf(step: Step): string {
  return 'set' in step ? `${step.do} ${step.set.id}` : step.do;
}

function revealColumns({
  reveal,
}: {
  readonly reveal: { round: number; from: number; until: number } | null;
}) {
  return {
    revealRound: reveal?.round ?? null,
    revealFrom: reveal?.from ?? null,
    revealUntil: reveal?.until ?? null,
  };
}

function revealNote(reveal: { readonly round: number; readonly from: number } | null): string {
  return reveal === null
    ? ''
    : `, to be opened with drand round ${reveal.round} from block ${reveal.from} on`;
}

function dryRun({ draft, why, obstacles, row }: Observation): Done {
  const steps: SetterStep[] = obstacles.map(({ message }) => ({ kind: 'held_back', message }));
  const shown = row === null ? 'nothing' : row.uids.map((uid, at) => `${uid}: ${row.values[at]}`).join(', ');
  const by =
    draft === null
      ? (why ?? '')
      : `by ${draft.call.name} for epoch ${draft.epoch}${revealNote(draft.reveal)}`;
  steps.push({ kind: 'dry_run', message: `no wallet is configured; would send ${shown}: ${by}` });
  return { steps, alerts: [], againInBlocks: RETRY_BLOCKS };
}

function elsewhere(): Done {
  return {
    steps: [{ kind: 'wait', message: 'another process is at it' }],
    alerts: [],
    againInBlocks: 1,
  };
}

function reportOf(at: number, seen: Observation, { steps, alerts, againInBlocks }: Done): SetterReport {
  return {
    at,
    block: seen.state.block,
    subnet: seen.state,
    path: seen.path,
    shares: seen.standing?.shares ?? null,
    row: seen.row,
    steps,
    alerts: once([...alerts, ...seen.alerts]),
    againInBlocks,
  };
}

function failedReport(at: number, error: unknown): SetterReport {
  const alert: ChainAlert =
    error instanceof ChainError
      ? chainAlert(error)
      : { code: 'unknown', severity: 'page', message: `a look at the chain failed: ${String(error)}` };
  return {
    at,
    block: null,
    subnet: null,
    path: 'none',
    shares: null,
    row: null,
    steps: [{ kind: 'wait', message: alert.message }],
    alerts: [alert],
    againInBlocks: RETRY_BLOCKS,
  };
}

/** One look under the lease: does the plan's steps, one after the other, and plans again after each. */
import { type Chain, ChainError } from '../chain.ts';
import type { BeaconClock } from '../epoch.ts';
import { SignerError, type WeightSigner } from '../signer.ts';
import { historyAlerts } from './failure-alerts.ts';
import { finalizedNonce } from './finalized-nonce.ts';
import { type Done, revealNote } from './look-report.ts';
import { moveOf } from './moves.ts';
import { strangerAt } from './not-alone.ts';
import { chainAlert, type Observation } from './observe.ts';
import { planWeights, type Step } from './plan-weights.ts';
import type { ChainAlert, SetterStep } from './report.ts';
import type { Sender } from './send-signed.ts';
import type { Lookout } from './sight.ts';
import { signWeights } from './sign-weights.ts';
import type { SignerCheck } from './signer-check.ts';
import type { Wait } from './signing-gate.ts';
import type { Sighting } from './snapshot.ts';
import type { NewWeightSet, WeightSet, WeightSetStore, WeightSlot } from './weight-set.ts';

export type SetterLog = (message: string, fields: Readonly<Record<string, unknown>>) => void;

/** More than one look ever needs; a plan that never settles is a defect and must not spin. */
const MAX_STEPS = 20;
/** More attempts than an epoch ever has. */
export const HISTORY = 50;

/** Whose weights are sent, and by whom. */
export interface Hands {
  readonly slot: WeightSlot;
  readonly signingAccount: string;
  readonly signer: WeightSigner;
  readonly check: SignerCheck;
}

export interface LookTools {
  readonly chain: Chain;
  readonly store: WeightSetStore;
  readonly lookout: Lookout;
  readonly sender: Sender;
  readonly versionKey: bigint;
  readonly now: () => number;
  readonly beacon: BeaconClock & { readonly publicKey: string };
  readonly random: (length: number) => Uint8Array;
  readonly log: SetterLog;
}

export class OneLook {
  readonly #steps: SetterStep[] = [];
  readonly #alerts: ChainAlert[] = [];
  /** What this look has tried and does not repeat, whatever came of it. */
  readonly #tried = new Set<string>();
  readonly #tools: LookTools;
  readonly #hands: Hands;
  readonly #seen: Observation;
  #nonce: number | null = null;
  constructor(tools: LookTools, hands: Hands, seen: Observation) {
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
    const history = await store.history(this.#hands.slot, HISTORY);
    const alerts = [...this.#alerts, ...this.#refused(history), ...historyAlerts(this.#seen.state, history)];
    return { steps: this.#steps, alerts, againInBlocks: wait.blocks };
  }

  /** Until it is settled what became of them. */
  #refused(history: readonly WeightSet[]): ChainAlert[] {
    return history.flatMap((set) => {
      const problem = set.state === 'signed' ? this.#tools.sender.refusalOf(set) : null;
      return problem === null ? [] : [{ ...problem, severity: 'page' }];
    });
  }

  async #plan(signerProblem: string | null) {
    const { store } = this.#tools;
    const { slot } = this.#hands;
    const { state, epoch, draft, why, obstacles } = this.#seen;
    const sets = await store.unfinished(slot);
    const unfinished: { set: WeightSet; seen: Sighting }[] = [];
    for (const set of sets) unfinished.push({ set, seen: await this.#sight(set) });
    const history = await store.history(slot, HISTORY);
    // what was looked for up to this block and is in none is not the last update
    const absent = unfinished.flatMap(({ set, seen }) => (seen.kind === 'absent' ? [set.id] : []));
    const stranger = strangerAt(
      state,
      history.filter(({ id }) => !absent.includes(id)),
    );
    const held = [
      ...(signerProblem === null ? [] : [signerProblem]),
      ...(stranger?.usesEpoch ? [stranger.alert.message] : []),
    ];
    return planWeights({
      state,
      epoch,
      nonce: await this.#finalizedNonce(),
      unfinished,
      history,
      draft,
      why,
      isTaken: stranger?.usesEpoch ?? false,
      obstacles: [...held.map((message) => ({ message })), ...obstacles],
    });
  }

  /** What cannot be seen now is looked for again: the others need not wait for it. */
  async #sight(set: WeightSet): Promise<Sighting> {
    try {
      return await this.#tools.lookout.sight(set, this.#seen.state);
    } catch (error) {
      if (!(error instanceof ChainError)) throw error;
      this.#alerts.push(chainAlert(error));
      return { kind: error.retryable ? 'unknown' : 'unreadable' };
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
      } else if (!(error instanceof ChainError)) throw error;
      else if (error.code !== 'upgrading') this.#alerts.push(chainAlert(error));
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
        return this.#tools.sender.send(step.set, {
          ...this.#hands,
          head: this.#seen.state.block.number,
          say: (message) => this.#say('sent', message),
        });
      default: {
        const { change, told } = moveOf(step);
        return this.#move(step.set, change, told);
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

/** What a step of the plan that only changes what is stored comes to: the change, and how people are told. Pure. */
import type { Step } from './plan-weights.ts';
import type { SetterStep } from './report.ts';
import type { WeightSet, WeightSetState } from './weight-set.ts';

/** Steps after which the chain has spoken: nothing is signed or sent for them. */
export type Settling = Extract<Step, { do: 'include' | 'verify' | 'fail' }>;

export interface Move {
  readonly change: Partial<WeightSet> & { readonly state: WeightSetState };
  readonly told: SetterStep;
}

export function moveOf(step: Settling): Move {
  const { set } = step;
  switch (step.do) {
    case 'include': {
      const { change } = step;
      const epoch = change.epoch ?? set.epoch;
      const late = epoch === set.epoch ? '' : ` instead of ${set.epoch}, which had ended`;
      const message = `block ${change.includedBlock} has the weights, for epoch ${epoch}${late}`;
      return { change: { ...change, state: 'included' }, told: { kind: 'included', message } };
    }
    case 'verify': {
      const message = `the row of epoch ${set.epoch} was read back in block ${step.block}`;
      return {
        change: { state: 'verified', verifiedBlock: step.block, verifiedBy: step.by },
        told: { kind: 'verified', message },
      };
    }
    case 'fail': {
      const message = `attempt ${set.attempt} of epoch ${set.epoch} failed: ${step.message}`;
      return {
        change: { state: 'failed', failureCode: step.code, failure: step.message },
        told: { kind: 'failed', message },
      };
    }
  }
}

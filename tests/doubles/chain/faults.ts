/** What goes wrong on request. Everything here is read when it matters, and may be changed at any time. */
import { customInvalid, RpcError } from './rpc/rpc-error.ts';

/** A refusal: one of subtensor's own codes, or what a node answers, word for word. */
export type Refusal =
  | { readonly custom: number }
  | { readonly code: number; readonly message: string; readonly data?: unknown };

export class Faults {
  /** Methods that arrive and are never answered. */
  readonly silent = new Set<string>();
  /** Blocks are made, and nobody is told. */
  headsStopped = false;
  /** New connections are cut at once. */
  refuseConnections = false;
  /** `true`: no pulse is stored any more; otherwise these rounds are not. */
  hiddenPulses: boolean | Set<number> = false;
  #refusals: { readonly refusal: Refusal; left: number }[] = [];
  #dispatchErrors: { readonly error: string; left: number }[] = [];
  #answers: { readonly method: string; readonly refusal: Refusal; left: number }[] = [];
  #cutOnSubmit: 'before' | 'after' | null = null;

  /** The pool refuses the next submissions, all of them without `times`. */
  refuseInPool(refusal: Refusal, times = Number.POSITIVE_INFINITY): void {
    this.#refusals.push({ refusal, left: times });
  }

  /** The next weight calls fail in their block with this error, `SubtensorModule.…` where no pallet is named. */
  failDispatch(error: string, times = Number.POSITIVE_INFINITY): void {
    this.#dispatchErrors.push({
      error: error.includes('.') ? error : `SubtensorModule.${error}`,
      left: times,
    });
  }

  /** The next calls of a method are answered with an error. */
  failMethod(method: string, refusal: Refusal, times = Number.POSITIVE_INFINITY): void {
    this.#answers.push({ method, refusal, left: times });
  }

  /** The next submission finds the socket cut: `before` it reached the pool, or `after`, and unanswered in both cases. */
  cutOnSubmit(when: 'before' | 'after'): void {
    this.#cutOnSubmit = when;
  }

  /** Everything works again. */
  clear(): void {
    this.silent.clear();
    this.headsStopped = false;
    this.refuseConnections = false;
    this.hiddenPulses = false;
    this.#refusals = [];
    this.#dispatchErrors = [];
    this.#answers = [];
    this.#cutOnSubmit = null;
  }

  takeRefusal(): RpcError | null {
    const found = take(this.#refusals, () => true);
    return found === null ? null : errorOf(found.refusal);
  }

  takeDispatchError(): string | null {
    return take(this.#dispatchErrors, () => true)?.error ?? null;
  }

  takeAnswer(method: string): RpcError | null {
    const found = take(this.#answers, (each) => each.method === method);
    return found === null ? null : errorOf(found.refusal);
  }

  takeCut(): 'before' | 'after' | null {
    const cut = this.#cutOnSubmit;
    this.#cutOnSubmit = null;
    return cut;
  }

  isHidden(round: number): boolean {
    return typeof this.hiddenPulses === 'boolean' ? this.hiddenPulses : this.hiddenPulses.has(round);
  }
}

function take<T extends { left: number }>(list: readonly T[], fits: (each: T) => boolean): T | null {
  const found = list.find((each) => each.left > 0 && fits(each));
  if (found === undefined) return null;
  found.left -= 1;
  return found;
}

function errorOf(refusal: Refusal): RpcError {
  return 'custom' in refusal
    ? customInvalid(refusal.custom)
    : new RpcError(refusal.code, refusal.message, refusal.data);
}

/** What a node's answer to a submitted transaction means, in the words of a node and of chopsticks. Pure. */
import type { ChainProblem, ChainProblemCode } from '../chain.ts';
import { chainProblem } from './chain-problems.ts';
import type { RpcRefusal } from './rpc-refusal.ts';

export type PoolAnswer =
  /** It is in the pool or may be, also where the node refuses these bytes because it has them. */
  | { readonly kind: 'pending' }
  /** It was in the pool or was refused before; now it is not there. */
  | { readonly kind: 'banned' }
  | { readonly kind: 'refused'; readonly problem: ChainProblem }
  /** The node cannot take it now; nothing is wrong with it. */
  | { readonly kind: 'later'; readonly said: string };

/** `InvalidTransaction::Custom` of subtensor's transaction extension, as far as weight calls can meet it. */
const CUSTOM: Readonly<Record<number, ChainProblemCode>> = {
  0: 'coldkey_swap',
  1: 'stake_too_low',
  2: 'payment',
  3: 'no_subnet',
  4: 'not_registered',
  6: 'too_fast',
  10: 'not_registered',
  15: 'round_too_early',
  18: 'row_length',
  19: 'not_registered',
  21: 'coldkey_swap',
  22: 'proxy',
  25: 'commit_reveal_on',
  26: 'commit_reveal_off',
  29: 'commit_version',
  30: 'too_fast',
  31: 'too_many_commits',
};

/** The names of `InvalidTransaction` as chopsticks spells them, and the sentences that a node says for them. */
const INVALID: readonly (readonly [name: string, sentence: RegExp, code: ChainProblemCode])[] = [
  ['badProof', /bad signature/i, 'bad_signature'],
  ['badSigner', /invalid signing address/i, 'bad_signature'],
  ['stale', /outdated/i, 'outdated'],
  ['ancientBirthBlock', /ancient birth block/i, 'outdated'],
  ['future', /valid in the future/i, 'outdated'],
  ['payment', /inability to pay/i, 'payment'],
];
const EXHAUSTED = /exhausts?Resources|exhaust the resources/i;

export function poolAnswer(refusal: RpcRefusal): PoolAnswer {
  const said = refusal.message;
  switch (refusal.code) {
    case 1012: // temporarily banned: it was refused, or was in the pool and was dropped or included
      return { kind: 'banned' };
    case 1013: // already imported
    case 1014: // priority too low: another one with this nonce is there, perhaps an earlier one of ours
      return { kind: 'pending' };
    case 1011: // validity unknown
    case 1016: // the pool is full
    case 1018: // the node does not take transactions
      return { kind: 'later', said };
    default:
      return EXHAUSTED.test(said) ? { kind: 'later', said } : fromWords(said);
  }
}

/** chopsticks gives every refusal the same code, so the words decide. */
function fromWords(said: string): PoolAnswer {
  if (/temporarily banned/i.test(said)) return { kind: 'banned' };
  if (/already imported|priority is too low/i.test(said)) return { kind: 'pending' };
  const custom = /custom error: (\d+)|"custom":\s*(\d+)/i.exec(said);
  if (custom !== null) {
    const code = CUSTOM[Number(custom[1] ?? custom[2])] ?? 'unknown';
    return { kind: 'refused', problem: chainProblem(code, said) };
  }
  if (/"unknown":/i.test(said)) return { kind: 'later', said };
  const known = INVALID.find(([name, sentence]) => said.includes(`"${name}"`) || sentence.test(said));
  return { kind: 'refused', problem: chainProblem(known?.[2] ?? 'unknown', said) };
}

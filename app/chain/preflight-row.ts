/** What the chain would refuse of a row. Pure. */
import type { ChainProblem } from './chain.ts';
import { MAX_VALUE, type WeightRow } from './normalise.ts';
import type { SubnetState } from './subnet.ts';

const MEND = 'this is a defect of ours, report it';

/** Source: subtensor `internal_set_weights`, checks 2, 4 and 11 to 15. `normalise` makes no such row of the same state. */
export function rowProblems({ uids, values }: WeightRow, state: SubnetState): ChainProblem[] {
  const { size, netuid, minAllowedWeights } = state;
  const found: ChainProblem[] = [];
  const add = (code: ChainProblem['code'], message: string) => found.push({ code, message });
  if (uids.length !== values.length)
    add('row_length', `the row has ${uids.length} uids and ${values.length} values: ${MEND}`);
  const twice = uids.find((uid, index) => uids.indexOf(uid) !== index);
  if (twice !== undefined) add('row_uids', `uid ${twice} stands twice in the row: ${MEND}`);
  const outside = uids.find((uid) => !(Number.isInteger(uid) && uid >= 0 && uid < size));
  if (outside !== undefined)
    add(
      'row_uids',
      `uid ${outside} of the row is not on subnet ${netuid}, which has ${size}: look again and make the row anew`,
    );
  const wanted = Math.min(minAllowedWeights, size);
  const selfWeight = uids.length === 1 && uids[0] === state.own?.uid;
  if (uids.length < wanted && !selfWeight)
    add(
      'row_too_short',
      `the row has ${uids.length} entries and subnet ${netuid} wants ${wanted}: look again and pad it with zeros`,
    );
  const high = values.find((value) => !(Number.isInteger(value) && value >= 0 && value <= MAX_VALUE));
  if (high !== undefined)
    add('row_too_high', `the value ${high} of the row is not a whole number up to ${MAX_VALUE}: ${MEND}`);
  return found;
}

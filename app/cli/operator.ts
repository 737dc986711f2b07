/** `operator`: the private repository that runners check out, and the commit of it that may claim. */
import { parseArgs } from 'node:util';
import { type Io, UsageError } from './io.ts';
import { initOperatorRepository } from './operator-init.ts';
import { pinOperatorCommit } from './operator-pin.ts';

export const OPERATOR_HELP = `usage: operator init DIR
       operator pin SHA [--data DIR]

init writes the operator repository into DIR (new, empty, or written by init before): the workflow, the Action with its
bundle, kernels/ and a README. Commit it and push it to a private repository that holds nothing else.

pin lets runners of that commit claim evaluations. SHA is the full 40-digit commit; --data is the App's data folder
(default: ./data).
`;

export async function operatorCommand(argv: readonly string[], io: Io): Promise<number> {
  const [action, ...rest] = argv;
  const { values, positionals } = parseArgs({
    args: rest,
    allowPositionals: true,
    options: action === 'pin' ? { data: { type: 'string' } } : {},
  });
  const [operand] = positionals;
  if (operand === undefined || positionals.length !== 1) throw new UsageError('one operand is wanted');
  if (action === 'init') return initOperatorRepository(operand, io);
  if (action === 'pin') return pinOperatorCommit(operand, values.data as string | undefined, io);
  throw new UsageError(`say init or pin, not ${JSON.stringify(action?.slice(0, 40))}`);
}

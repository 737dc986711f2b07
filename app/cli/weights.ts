/** `weights`: what a Referee's standing pays, and the row that it would send. */
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { plain } from '../reports/escape.ts';
import { FOLLOW_HELP } from './follow-help.ts';
import type { Io } from './io.ts';
import { askReferee } from './referee.ts';

export const WEIGHTS_HELP = `usage: weights [--dry-run] [--json] [--referee https://referee.example]
       weights --follow https://referee.example --netuid N --chain wss://NODE[,wss://NODE] [--wallet FILE] [options]

Prints the shares of the standing and the row of weights that follows, as the Referee's App saw the chain last; this command
itself sends nothing. --referee is the address of the Referee (default: PUBLIC_URL, else http://127.0.0.1 at PORT or 8000).

--json prints {netuid, block, path, uids, values, shares} in one line. block, uids and values are null without a chain;
path says how weights would travel: timelocked, plain, or none without a chain. What shares leave of 1 is the owner's.

${FOLLOW_HELP}`;

const Shares = z
  .array(
    z.object({
      hotkey: z.string().regex(/^[1-9A-HJ-NP-Za-km-z]{46,50}$/),
      share: z.number().positive().max(1),
    }),
  )
  .max(256)
  .refine((shares) => shares.reduce((sum, { share }) => sum + share, 0) <= 1 + 1e-9);
const u16 = z.number().int().min(0).max(65_535);
const Block = z.number().int().min(0);

/** `GET /api/v1/weights`. */
const Answer = z.looseObject({
  network: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/),
  netuid: z.number().int().min(0).max(65_535),
  /** Null before the first decision. */
  weights: z
    .looseObject({
      createdAt: z.iso.datetime(),
      shares: Shares,
    })
    .nullable(),
  /** Null without a chain, absent from a Referee that knows none. */
  chain: z
    .looseObject({
      block: Block.nullable(),
      path: z.enum(['timelocked', 'plain', 'none']),
      uids: z.array(u16).max(4_096).nullable(),
      values: z.array(u16).max(4_096).nullable(),
      shares: Shares.nullable(),
      dryRun: z.boolean(),
      verifiedBlock: Block.nullable(),
      alerts: z.array(z.looseObject({ code: z.string(), severity: z.string(), message: z.string() })).max(64),
    })
    .refine(({ uids, values }) => uids?.length === values?.length)
    .nullish(),
});
type Answer = z.infer<typeof Answer>;

/** Returns 0; with --follow, the code of `followCommand`. A Referee that is out of reach or is none is a `CommandError`. */
export async function weightsCommand(
  argv: readonly string[],
  io: Pick<Io, 'out' | 'err' | 'cwd' | 'env' | 'fetch'>,
): Promise<number> {
  if (argv.some((word) => /^--follow(=|$)/.test(word)))
    return (await import('./weights-follow.ts')).followCommand(argv, io);
  const { values } = parseArgs({
    args: [...argv],
    options: {
      // the only way of this command; said out loud by whoever wants it to stay one
      'dry-run': { type: 'boolean' },
      json: { type: 'boolean', default: false },
      referee: { type: 'string' },
    },
  });
  const answer = await askReferee(io, values.referee ?? ownAddress(io.env), '/api/v1/weights', Answer);
  io.out(values.json ? asJson(answer) : asText(answer));
  return 0;
}

function ownAddress({ PUBLIC_URL, PORT }: Io['env']): string {
  return PUBLIC_URL || `http://127.0.0.1:${PORT || 8000}`;
}

function asJson(answer: Answer): string {
  const { block = null, path = 'none', uids = null, values = null } = answer.chain ?? {};
  return `${JSON.stringify({ netuid: answer.netuid, block, path, uids, values, shares: sharesOf(answer) })}\n`;
}

/** Of the last look at the chain, whose row they explain; else of the standing. */
function sharesOf({ weights, chain }: Answer) {
  return chain?.shares ?? weights?.shares ?? [];
}

function asText(answer: Answer): string {
  const { network, netuid, weights, chain } = answer;
  const shares = sharesOf(answer);
  const left = 1 - shares.reduce((sum, { share }) => sum + share, 0);
  const since = weights === null ? 'nothing was decided yet' : `standing of ${weights.createdAt}`;
  return [
    `netuid ${netuid} of ${network}: ${since}`,
    ...shares.map(({ hotkey, share }) => `  ${percent(share)}  ${hotkey}`),
    // thirds leave a rounding error
    ...(left > 1e-9 ? [`  ${percent(left)}  the subnet owner`] : []),
    ...(chain == null ? ['No chain is configured: nothing is sent.'] : chainLines(chain)),
    '',
  ].join('\n');
}

function chainLines(chain: NonNullable<Answer['chain']>): string[] {
  const { block, path, uids, values, dryRun, verifiedBlock, alerts } = chain;
  const row = (uids ?? []).map(
    (uid, at) => `  uid ${String(uid).padStart(5)}  ${String(values?.[at]).padStart(5)}`,
  );
  return [
    block === null
      ? 'The chain could not be read.'
      : row.length === 0
        ? `Block ${block}: there is no row to send.`
        : `Block ${block}, ${path} weights:`,
    ...row,
    ...(verifiedBlock === null ? [] : [`A row was last read back in block ${verifiedBlock}.`]),
    ...alerts.map(
      ({ code, severity, message }) =>
        `ALERT (${plain(severity, 10)}) ${plain(code, 40)}: ${plain(message, 600)}`,
    ),
    ...(dryRun ? ['Dry run: no wallet is configured, nothing is sent.'] : []),
  ];
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2).padStart(6)} %`;
}

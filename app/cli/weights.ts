/** `weights`: what a Referee's standing pays, and the row that it would send. */
import { parseArgs } from 'node:util';
import { z } from 'zod';
import type { Io } from './io.ts';
import { askReferee } from './referee.ts';

export const WEIGHTS_HELP = `usage: weights [--dry-run] [--json] [--referee https://referee.example]

Prints the shares of the standing, and the weights that follow. It is always a dry run as yet: no chain is configured and
nothing is sent. --referee is the address of the Referee (default: PUBLIC_URL, else http://127.0.0.1 at PORT or 8000).

--json prints {netuid, block, path, uids, values, shares} in one line. block, uids and values are null without a chain;
path says how weights would travel: timelocked, plain, or none without a chain. What shares leave of 1 is the owner's.
`;

/** `GET /api/v1/weights`. */
const Answer = z.looseObject({
  network: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/),
  netuid: z.number().int().min(0).max(65_535),
  /** Null before the first decision. */
  weights: z
    .looseObject({
      createdAt: z.iso.datetime(),
      shares: z
        .array(
          z.object({
            hotkey: z.string().regex(/^[1-9A-HJ-NP-Za-km-z]{46,50}$/),
            share: z.number().positive().max(1),
          }),
        )
        .max(256)
        .refine((shares) => shares.reduce((sum, { share }) => sum + share, 0) <= 1 + 1e-9),
    })
    .nullable(),
});
type Answer = z.infer<typeof Answer>;

/** Returns 0. A Referee that is out of reach or is none is a `CommandError`. */
export async function weightsCommand(
  argv: readonly string[],
  io: Pick<Io, 'out' | 'env' | 'fetch'>,
): Promise<number> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      // the only way as yet; said out loud by whoever wants it to stay one
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

function asJson({ netuid, weights }: Answer): string {
  const shares = weights?.shares ?? [];
  return `${JSON.stringify({ netuid, block: null, path: 'none', uids: null, values: null, shares })}\n`;
}

function asText({ network, netuid, weights }: Answer): string {
  const shares = weights?.shares ?? [];
  const left = 1 - shares.reduce((sum, { share }) => sum + share, 0);
  const since = weights === null ? 'nothing was decided yet' : `standing of ${weights.createdAt}`;
  return [
    `netuid ${netuid} of ${network}: ${since}`,
    ...shares.map(({ hotkey, share }) => `  ${percent(share)}  ${hotkey}`),
    // thirds leave a rounding error
    ...(left > 1e-9 ? [`  ${percent(left)}  the subnet owner`] : []),
    'No chain is configured: nothing is sent.',
    '',
  ].join('\n');
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2).padStart(6)} %`;
}

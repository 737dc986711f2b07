/** The App's runner endpoints, each call with a fresh OIDC token (their `jti` is single-use on the App's side). */
import { z } from 'zod';
import { Claim, type Progress, type Result } from '../../../app/evaluations/schema.ts';
import type { Inputs } from './inputs.ts';
import type { Ports } from './ports.ts';
import { type Outcome, retryFor } from './retry.ts';
import { oneLine } from './untrusted-text.ts';

const REQUEST_TIMEOUT_MS = 60_000;
/** Five files of 256 KiB in base64 are 1.8 MB. */
const MAX_ANSWER_BYTES = 8 * 1024 * 1024;
export const CLAIM_FOR_MS = 5 * 60_000;
export const RESULT_FOR_MS = 10 * 60_000;
/** Without the key the result counts for nothing, so it is worth as long a wait. */
const KEY_FOR_MS = RESULT_FOR_MS;

/** The App said no for good: another answer will not come by asking again. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

export interface AppClient {
  /** The claim, or `taken` when another run has it. Throws `Refusal` or `GaveUp`. */
  claim(): Promise<Claim | 'taken'>;
  /** Returns once the App has stored it; `insist` repeats on faults, else one try. Throws `Refusal` or `GaveUp`. */
  progress(progress: Progress, insist: boolean): Promise<void>;
  /** Returns once the App has stored it; repeats for `forMs`. Throws `Refusal` or `GaveUp`. */
  result(result: Result, forMs?: number): Promise<void>;
}

export function appClient(
  ports: Ports,
  inputs: Pick<Inputs, 'appUrl' | 'audience' | 'evaluation'>,
): AppClient {
  const { core, clock } = ports;
  const again = (what: string) => (why: string, waitMs: number) =>
    core.info(`${what}: ${why}; trying again in ${Math.round(waitMs / 1000)} s`);
  return {
    claim: () =>
      retryFor<Claim | 'taken'>(
        { clock, forMs: CLAIM_FOR_MS, signal: ports.cancelled, onAgain: again('claim') },
        async () => {
          const outcome = await post(ports, inputs, '/runner/claim', { evaluation: inputs.evaluation });
          if (outcome.kind === 'again') return outcome;
          if (outcome.value.status === 409) return { kind: 'done', value: 'taken' };
          accepted(outcome.value);
          return { kind: 'done', value: readClaim(outcome.value.text, inputs.evaluation) };
        },
      ),
    progress: (progress, insist) =>
      retryFor({ clock, forMs: insist ? KEY_FOR_MS : 0, signal: ports.cancelled }, () =>
        send(ports, inputs, '/runner/progress', progress),
      ),
    // not ended by the job's cancellation: the result is what must not be lost
    result: (result, forMs = RESULT_FOR_MS) =>
      retryFor({ clock, forMs, onAgain: again('result') }, () =>
        send(ports, inputs, '/runner/result', result),
      ),
  };
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

async function send(
  ports: Ports,
  inputs: Pick<Inputs, 'appUrl' | 'audience'>,
  route: string,
  body: unknown,
): Promise<Outcome<void>> {
  const outcome = await post(ports, inputs, route, body);
  if (outcome.kind === 'done') accepted(outcome.value);
  return outcome.kind === 'done' ? { kind: 'done', value: undefined } : outcome;
}

/** One POST. Network faults, 5xx, 429 and 425 are worth another try; every other answer is handed back. */
async function post(
  ports: Ports,
  inputs: Pick<Inputs, 'appUrl' | 'audience'>,
  route: string,
  body: unknown,
): Promise<Outcome<Answer>> {
  let response: Response;
  let text: string;
  try {
    const token = await ports.core.getIDToken(inputs.audience); // which masks it in the log
    response = await ports.fetch(inputs.appUrl + route, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        accept: 'application/json',
      },
      body: JSON.stringify(body),
      redirect: 'error', // the token is for this address alone
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
    text = await readCapped(response);
  } catch (error) {
    return { kind: 'again', why: oneLine(reasonOf(error)) };
  }
  if (response.status < 500 && response.status !== 429 && response.status !== 425)
    return { kind: 'done', value: { status: response.status, text } };
  const afterMs = retryAfterMs(response.headers.get('retry-after'));
  const why = `the App answered ${response.status}`;
  return { kind: 'again', why, ...(afterMs === undefined ? {} : { afterMs }) };
}

function accepted(answer: Answer): void {
  if (answer.status >= 200 && answer.status < 300) return;
  throw new Refusal(answer.status, `the App answered ${answer.status}: ${messageOf(answer.text)}`);
}

function readClaim(text: string, evaluation: number): Claim {
  const claim = Claim.safeParse(jsonOf(text));
  if (!claim.success)
    throw new Refusal(200, `the App's claim is malformed: ${oneLine(z.prettifyError(claim.error))}`);
  if (claim.data.evaluation !== evaluation)
    throw new Refusal(200, `the App's claim is for another evaluation`);
  return claim.data;
}

async function readCapped(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > MAX_ANSWER_BYTES) throw new Error(`the App's answer is longer than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** `Retry-After` in seconds; its date form is not used by the App. */
function retryAfterMs(header: string | null): number | undefined {
  return header !== null && /^\d{1,6}$/.test(header.trim()) ? Number(header) * 1000 : undefined;
}

/** The App's words to the operator, as one harmless line. */
function messageOf(text: string): string {
  const body = z.looseObject({ error: z.looseObject({ message: z.string() }) }).safeParse(jsonOf(text));
  return oneLine(body.success ? body.data.error.message : text) || 'no message';
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function reasonOf(error: unknown): string {
  const { message, cause } = error as { message?: string; cause?: { message?: string } };
  return cause?.message ? `${message}: ${cause.message}` : (message ?? String(error));
}

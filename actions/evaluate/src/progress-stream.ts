/** The judge's progress lines on their way to the App: the newest every five seconds, the commitment to a key without fail. */
import { type Claim, Progress } from '../../../app/evaluations/schema.ts';
import { type AppClient, Refusal } from './app-client.ts';
import type { Ports } from './ports.ts';
import { oneLine } from './untrusted-text.ts';

/** Each costs an OIDC token of its own; people look at it no oftener. */
const BETWEEN_MS = 5_000;

export interface ProgressStream {
  /** One line of the judge's stdout; whatever is not this evaluation's progress is dropped. */
  line(text: string): void;
  /** The first key that the judge committed itself to; the posted result must carry the same. */
  keySha256(): string | null;
  /** Resolves when what was accepted is sent, or given up; later lines are dropped. */
  close(): Promise<void>;
}

export function progressStream(
  ports: Pick<Ports, 'core' | 'clock'>,
  client: Pick<AppClient, 'progress'>,
  claim: Claim,
): ProgressStream {
  const keys: Progress[] = [];
  let latest: Progress | null = null;
  let firstKey: string | null = null;
  let lastSent = Number.NEGATIVE_INFINITY;
  let refused = false;
  let sending: Promise<void> | null = null;
  let hurry = new AbortController();
  let closed = false;

  const drain = async (): Promise<void> => {
    while (keys.length > 0 || latest !== null) {
      if (keys.length === 0 && !closed) {
        hurry = new AbortController();
        await ports.clock.sleep(lastSent + BETWEEN_MS - ports.clock.now(), hurry.signal);
      }
      // a key that came during the wait goes first
      const next = keys.shift() ?? latest;
      if (next === latest) latest = null;
      if (next === null || refused) continue;
      lastSent = ports.clock.now();
      try {
        await client.progress(next, next.keySha256 !== undefined);
      } catch (error) {
        refused = error instanceof Refusal;
        ports.core.info(`progress not stored: ${oneLine((error as Error).message)}`);
      }
    }
  };
  return {
    line(text) {
      const progress = parse(text, claim);
      if (progress === null || closed) return;
      if (progress.keySha256 !== undefined && progress.keySha256 !== firstKey) {
        firstKey ??= progress.keySha256;
        keys.push(progress);
        latest = null; // older than the key, which says more
        hurry.abort();
      } else latest = progress;
      sending ??= drain().finally(() => {
        sending = null;
      });
    },
    keySha256: () => firstKey,
    async close() {
      closed = true;
      hurry.abort();
      await sending;
    },
  };
}

/** The judge says how far it is; whose evaluation that is, the Action adds, and a line that names another one is dropped. */
function parse(text: string, { evaluation, nonce }: Claim): Progress | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (value === null || typeof value !== 'object') return null;
  const progress = Progress.safeParse({ evaluation, nonce, ...value });
  if (!progress.success) return null;
  return progress.data.evaluation === evaluation && progress.data.nonce === nonce ? progress.data : null;
}

/** The judge's progress lines on their way to the App: the newest every two seconds, the commitment to a key without fail. */
import { type Claim, Progress } from '../../../app/evaluations/schema.ts';
import type { AppClient } from './app-client.ts';
import type { Ports } from './ports.ts';
import { oneLine } from './untrusted-text.ts';

const BETWEEN_MS = 2_000;

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
  const closing = new AbortController();

  const drain = async (): Promise<void> => {
    for (;;) {
      const key = keys.shift();
      if (key === undefined && latest === null) return;
      if (key === undefined && !closing.signal.aborted)
        await ports.clock.sleep(lastSent + BETWEEN_MS - ports.clock.now(), closing.signal);
      // a key that came during the wait goes first
      const next = key ?? keys.shift() ?? latest;
      if (next === latest) latest = null;
      if (next === null || refused) continue;
      lastSent = ports.clock.now();
      try {
        await client.progress(next, next.keySha256 !== undefined);
      } catch (error) {
        refused = 'status' in (error as object);
        ports.core.info(`progress not stored: ${oneLine((error as Error).message)}`);
      }
    }
  };
  return {
    line(text) {
      const progress = parse(text, claim);
      if (progress === null || closing.signal.aborted) return;
      if (progress.keySha256 !== undefined && progress.keySha256 !== firstKey) {
        firstKey ??= progress.keySha256;
        keys.push(progress);
      } else latest = progress;
      sending ??= drain().finally(() => {
        sending = null;
      });
    },
    keySha256: () => firstKey,
    async close() {
      closing.abort();
      await sending;
    },
  };
}

function parse(text: string, claim: Claim): Progress | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  const progress = Progress.safeParse(value);
  if (!progress.success) return null;
  return progress.data.evaluation === claim.evaluation && progress.data.nonce === claim.nonce
    ? progress.data
    : null;
}

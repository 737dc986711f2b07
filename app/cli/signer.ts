/** `signer`: the process that holds the hotkey, from this terminal or service until it is told to stop. */
import { runSigner } from '../chain/signer-process.ts';
import type { Io } from './io.ts';

export { SIGNER_HELP } from '../chain/signer-process.ts';

export async function signerCommand(argv: readonly string[], { out, err }: Io): Promise<number> {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  return runSigner(argv, { out, err, now: Date.now, stop: stop.signal });
}

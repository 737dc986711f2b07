/** The signer's process entry: `tsx app/chain/signer-main.ts --help`. */
import { runSigner } from './signer-process.ts';

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());

process.exitCode = await runSigner(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  now: Date.now,
  stop: stop.signal,
});

/** The process that judges imports: parsing what a miner pushed may take seconds, and webhooks must not wait for it. */
import { installedParsers } from '../imports/installed-parsers.ts';
import { createImportPolicy } from '../imports/policy.ts';
import { type ImportAnswer, type ImportQuestion, READY } from './import-protocol.ts';

const policy = await createImportPolicy(installedParsers());
process.on('message', ({ id, files, task }: ImportQuestion) => {
  process.send?.({ id, findings: policy.judge(files, task) } satisfies ImportAnswer);
});
// The App ends it; without the App there is nothing to judge.
process.on('disconnect', () => process.exit(0));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {});
process.send?.(READY);

/**
 * `npm run chain-spec`: gets what the tests on the real runtime need, once, into the user's cache: the pinned chain spec
 * (`-- --from FILE` takes a copy on this machine), chopsticks, and Bittensor's SDK for Python. They skip where it is absent.
 */
import { parseArgs } from 'node:util';
import { installChopsticks } from './chopsticks-package.ts';
import { getSpec, NoChainSpec } from './pinned-spec.ts';
import { installSdk } from './sdk.ts';

const USAGE = 'usage: npm run chain-spec [-- --from FILE]';
const say = (line: string) => console.error(line);

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { from: { type: 'string' } } });
  await getSpec({ from: values.from ?? null, fetch, log: say });
  await installChopsticks(say);
  await installSdk(say);
  say('ready: npx vitest run tests/chain/runtime');
}

main().catch((error: Error & { code?: string }) => {
  const wrongUse = error.code?.startsWith('ERR_PARSE_ARGS') === true;
  say(wrongUse ? `${error.message}\n${USAGE}` : error.message);
  process.exitCode = wrongUse ? 2 : error instanceof NoChainSpec ? 3 : 1;
});

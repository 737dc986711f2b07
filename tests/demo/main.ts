/**
 * `npm run demo`: nine forks of a miniature upstream are pushed and judged, end to end, on this machine and without
 * internet. `-- --once` exits when all is decided; `-- --json` prints one JSON object on stdout; `-- --chain` sets the weights
 * on the real subtensor runtime, where `npm run chain-spec` has got it.
 */
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { runDirectly } from '../doubles/github/actions/direct-runner.ts';
import { ensurePython, NoPython } from '../setup-python.ts';
import { startStageChain } from './chain.ts';
import { play } from './play.ts';
import { NoRealChain, startRealChain } from './real-chain.ts';
import { NETWORK, Stage } from './stage.ts';
import { table } from './table.ts';

const NO_SANDBOX = 3;
const started = Date.now();

function say(line: string): void {
  process.stderr.write(`${((Date.now() - started) / 1000).toFixed(1).padStart(6)} s  ${line}\n`);
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      once: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      chain: { type: 'boolean', default: false },
      port: { type: 'string' },
    },
  });
  if (process.platform !== 'linux') {
    say('The demo runs untrusted code in a sandbox that only Linux has: run it on Linux.');
    return NO_SANDBOX;
  }
  if (spawnSync('bwrap', ['--version']).status !== 0) {
    say('bubblewrap is missing, and without it the judge runs nothing. Run: apt-get install -y bubblewrap');
    return NO_SANDBOX;
  }
  const python = await ensurePython({ log: say });
  say('starting the offline GitHub, the operator repository, the chain and the App');
  const chain = values.chain ? await startRealChain() : await startStageChain(NETWORK.netuid);
  const stage = await Stage.open({
    chain,
    executor: { kind: 'direct', run: runDirectly },
    python,
    log: say,
    ...(values.port === undefined ? {} : { port: Number(values.port) }),
  }).catch(async (error) => {
    await chain.close();
    throw error;
  });
  const ended = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
  try {
    await stage.startApp();
    say(`the dashboard is at ${stage.url}, and the chain at ${chain.url}`);
    const result = await Promise.race([play(stage, say), ended.then(() => null)]);
    if (result === null) return 130;
    if (values.json) process.stdout.write(`${JSON.stringify(result.report)}\n`);
    else process.stdout.write(table(result.report));
    for (const surprise of result.surprises) say(`NOT AS EXPECTED: ${surprise}`);
    if (!values.once) {
      say(`the dashboard stays up at ${stage.url} until you press Ctrl-C`);
      await ended;
    }
    return result.surprises.length === 0 ? 0 : 1;
  } finally {
    await stage.close();
    await chain.close();
  }
}

main().then(
  (code) => process.exit(code),
  (error) => {
    const isMissing = error instanceof NoPython || error instanceof NoRealChain;
    say(isMissing ? error.message : ((error as Error).stack ?? String(error)));
    process.exit(isMissing ? 2 : 1);
  },
);

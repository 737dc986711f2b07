/** `npm run bench -- NAME`: runs one benchmark and exits with its verdict. */
import { judgeBench } from './judge.ts';

/** A benchmark prints its figures; false means that a limit was missed. */
type Bench = (args: readonly string[]) => Promise<boolean>;

const BENCHES: Readonly<Record<string, () => Promise<{ bench: Bench }>>> = {
  webhooks: () => import('./webhooks.ts'),
  'judge-clock': async () => ({ bench: judgeBench('judge_clock.py') }),
  'judge-repeat': async () => ({ bench: judgeBench('judge_repeat.py') }),
};

const [name = '', ...args] = process.argv.slice(2);
const load = Object.hasOwn(BENCHES, name) ? BENCHES[name] : undefined;
if (load === undefined) {
  console.error(`usage: npm run bench -- NAME, where NAME is one of: ${Object.keys(BENCHES).join(', ')}`);
  process.exitCode = 2;
} else {
  process.exitCode = (await (await load()).bench(args)) ? 0 : 1;
}

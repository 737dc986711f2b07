/** Tests that need the real runtime: they run where it is in the cache, and say why where they do not. */
import { afterAll, beforeAll, it } from 'vitest';
import { HotkeyPair } from '../../../app/chain/keyfile-pair.ts';
import type { LocalSubnet } from './local-subnet.ts';
import { OurSide, VERSION_KEY } from './our-side.ts';
import { prepareSubnet } from './prepare-subnet.ts';
import { runtimeMissing, startRuntime } from './start-runtime.ts';

const TEMPO = 20;
const BOOT_MS = 120_000;
/** Long: it shares the machine with other suites. */
const TEST_MS = 400_000;
const aPair = (seed: number) => HotkeyPair.fromMiniSecret(Buffer.alloc(32, seed));
const missing = runtimeMissing();
if (missing !== null) console.warn(`${missing}; skipping what is tested on the real runtime`);

/** The end of the title tells `npm test` that nobody can install it without internet. */
export function onRuntime(title: string, body: () => Promise<void>, lacks: string | null = null): void {
  if (missing === null && lacks !== null) console.warn(`${lacks}; skipping: ${title}`);
  it.skipIf(missing !== null || lacks !== null)(`${title} (from the internet)`, body, TEST_MS);
}

export interface Bench {
  readonly url: string;
  readonly subnet: LocalSubnet;
  readonly ours: OurSide;
}

/** One chain for the tests of a file, with a subnet on it; what is given is there once they run. */
export function aBench(): Bench {
  const bench: { -readonly [Name in keyof Bench]?: Bench[Name] } = {};
  const ends: (() => Promise<void>)[] = [];
  beforeAll(async () => {
    if (missing !== null) return;
    const runtime = await startRuntime();
    ends.push(() => runtime.close());
    bench.url = runtime.url;
    bench.subnet = await prepareSubnet(runtime.url, {
      validator: aPair(21),
      miners: [31, 32, 33, 34].map((seed) => aPair(seed).hotkey),
      tempo: TEMPO,
      versionKey: VERSION_KEY,
    });
    ends.push(() => bench.subnet?.close() ?? Promise.resolve());
    bench.ours = new OurSide(bench.subnet);
    ends.push(() => bench.ours?.close() ?? Promise.resolve());
  }, BOOT_MS);
  afterAll(async () => {
    for (const end of ends.reverse()) await end();
  });
  return bench as Bench;
}

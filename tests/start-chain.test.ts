/** The chain's part of the App on the chain double: from a decision to a row that was read back. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { HotkeyPair } from '../app/chain/keyfile-pair.ts';
import { createSigner } from '../app/chain/signer.ts';
import type { OpenWallet } from '../app/chain-wallet.ts';
import type { ChainConfig } from '../app/config/chain.ts';
import { createMetrics } from '../app/http/metrics.ts';
import { createWeightsReadModel } from '../app/http/weights-read-model.ts';
import type { Hotkey } from '../app/ids.ts';
import { startChain } from '../app/start-chain.ts';
import type { Loop } from '../app/submissions/loops.ts';
import { type ChainDouble, startChainDouble } from './doubles/chain/start.ts';
import { World } from './submissions/world.ts';

const BLOCK_MS = 100;
/** Long, for other suites want the machine too. */
const UNTIL_MS = 60_000;
const NETUID = 24;
const VALIDATOR = HotkeyPair.fromMiniSecret(new Uint8Array(32).fill(200));
const OWNER = HotkeyPair.fromMiniSecret(new Uint8Array(32).fill(201));

let world: World;
let double: ChainDouble;
let loop: Loop | null;
beforeEach(async () => {
  world = await World.open();
  loop = null;
  double = await startChainDouble({
    blockMs: BLOCK_MS,
    subnets: [
      {
        netuid: NETUID,
        tempo: 20,
        commitReveal: false,
        weightsSetRateLimit: 0,
        neurons: [
          { hotkey: OWNER.hotkey },
          { hotkey: VALIDATOR.hotkey, permit: true, stakeRao: 5_000_000_000_000n },
          { hotkey: world.miner(1).hotkey },
        ],
      },
    ],
  });
});
afterEach(async () => {
  await loop?.stop();
  await double.close();
  await world.close();
});

async function won() {
  await world.takeIn(world.commit(world.miner(1), 'fast = 1\n'));
  await world.settle();
}

function start(openWallet: OpenWallet, more: Partial<ChainConfig> = {}) {
  const services = { ...world.services(), now: Date.now };
  const settings = { ...services.settings, chain: { genesisHash: double.genesisHash } };
  const metrics = createMetrics();
  const config: ChainConfig = {
    endpoints: [double.url],
    genesisHash: double.genesisHash,
    blockMs: BLOCK_MS,
    hotkey: VALIDATOR.hotkey,
    wallet: null,
    proxyFor: null,
    versionKey: 0,
    loose: 'owner',
    carryOverMs: 72 * 3_600_000,
    ...more,
  };
  loop = startChain({ ...services, settings }, config, { openWallet, metrics });
  return { read: createWeightsReadModel({ ...services, settings }), metrics };
}

async function until<T>(what: string, find: () => Promise<T | null | undefined | false>): Promise<T> {
  const deadline = Date.now() + UNTIL_MS;
  for (;;) {
    const found = await find();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`${what}: not within ${UNTIL_MS / 1_000} s`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

it('sends the row of the standing, and shows where it was read back', async () => {
  await won();
  const signer = createSigner({
    pair: VALIDATOR,
    policy: { netuid: NETUID, genesisHash: double.genesisHash, proxyFor: null },
    limit: { signatures: 100, windowMs: 3_600_000 },
    now: Date.now,
    log: () => {},
  });
  const account: Hotkey = VALIDATOR.hotkey;
  const { read, metrics } = start(async () => ({ signer, account, signingAccount: account }), {
    wallet: { kind: 'file', file: 'opened already', passwordFile: null },
  });
  const set = await until('a row is read back', async () =>
    (await read.weightSets()).find(({ state }) => state === 'verified'),
  );
  expect(set).toMatchObject({ uids: [2, 0], values: [65_535, 43_690], path: 'plain', failure: null });
  expect(double.subnet(NETUID).row(VALIDATOR.hotkey)).toEqual([
    [2, 65_535],
    [0, 43_690],
  ]);
  const shown = await until('a look after it', async () => {
    const chain = await read.chain();
    return chain?.verifiedBlock === set.verifiedBlock && chain;
  });
  expect(shown).toMatchObject({ dryRun: false, own: { uid: 1, permit: true }, alerts: [] });
  expect(await metrics.registry.metrics()).toContain('referee_weights_own_permit 1');
});

it('computes the same row in a dry run, and sends nothing', async () => {
  await won();
  const { read } = start(async () => null);
  const chain = await until('the chain is read', async () => {
    const seen = await read.chain();
    return seen?.uids != null && seen;
  });
  expect(chain).toMatchObject({ dryRun: true, path: 'plain', uids: [2, 0], values: [65_535, 43_690] });
  // nothing was decided since, and yet nobody is paid whose link is over
  await world.db('links').update({ endedAt: Date.now() });
  await until('the row of nobody', async () => (await read.chain())?.uids?.join() === '0');
  expect(double.record.submissions).toHaveLength(0);
  expect(await read.weightSets()).toEqual([]);
});

it('is up and says so while no endpoint answers, and stops in good time', async () => {
  const { read, metrics } = start(async () => null, { endpoints: ['ws://127.0.0.1:1'] });
  const chain = await until('an alert', async () => {
    const seen = await read.chain();
    return (seen?.alerts.length ?? 0) > 0 && seen;
  });
  expect(chain).toMatchObject({ block: null, alerts: [{ code: 'unreachable', severity: 'warn' }] });
  expect(await metrics.registry.metrics()).toContain('referee_chain_up 0');
  const began = Date.now();
  await loop?.stop();
  expect(Date.now() - began).toBeLessThan(12_000);
});

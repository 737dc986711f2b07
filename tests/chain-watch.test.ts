import { afterEach, beforeEach, expect, it } from 'vitest';
import { ChainError } from '../app/chain/chain.ts';
import type { SetterReport } from '../app/chain/setter/report.ts';
import { SignerError } from '../app/chain/signer.ts';
import type { Wallet } from '../app/chain-wallet.ts';
import { ChainWatch, type ChainWatchOptions } from '../app/chain-watch.ts';
import { createWeightsReadModel } from '../app/http/weights-read-model.ts';
import { findSubnet } from '../db/subnets.ts';
import { aLog } from './http/running.ts';
import { NOW } from './http/samples.ts';
import { aReport, aWeightSet, GENESIS, HEAD, VALIDATOR } from './http/weights-samples.ts';
import { World } from './submissions/world.ts';

const BLOCK_MS = 12_000;
const ALERT = { code: 'no_permit', severity: 'page', message: 'no permit' } as const;
let world: World;
beforeEach(async () => {
  world = await World.open();
});
afterEach(() => world.close());

function watching(reports: (Partial<SetterReport> | Error)[], more: Partial<ChainWatchOptions> = {}) {
  const { log, records } = aLog();
  const wallets: (Wallet | null)[] = [];
  let broke = 0;
  const watch = new ChainWatch({
    chain: {
      genesisHash: GENESIS,
      status: () => ({
        endpoint: 'wss://one.example',
        specVersion: 475,
        headAt: NOW,
        failovers: 0,
        putAside: [],
      }),
    },
    netuid: 24,
    account: VALIDATOR,
    isDryRun: true,
    openWallet: async () => null,
    createSetter: (wallet) => {
      wallets.push(wallet);
      return {
        look: async () => {
          const next = reports.length > 1 ? reports.shift() : reports[0];
          if (next instanceof Error) throw next;
          return aReport(next);
        },
      };
    },
    store: { lastVerified: async () => aWeightSet({ state: 'verified', verifiedBlock: HEAD - 100 }) },
    db: world.db,
    metrics: {
      looked: () => {},
      broke: () => {
        broke += 1;
      },
    },
    blockMs: BLOCK_MS,
    now: () => NOW,
    log,
    ...more,
  });
  const said = (message: string) =>
    records.map((line) => JSON.parse(line)).filter((record) => record.msg === message);
  return { watch, wallets, said, broken: () => broke };
}
const page = () => {
  const services = world.services();
  const settings = { ...services.settings, chain: { genesisHash: GENESIS } };
  return createWeightsReadModel({ ...services, settings });
};

it('keeps each look for every replica’s page, and the subnet in the cache', async () => {
  const { watch } = watching([{}]);
  expect(await page().chain()).toMatchObject({ lookedAt: null, block: null });
  await watch.look();
  expect(await page().chain()).toMatchObject({
    block: HEAD,
    uids: [31, 71, 111, 0],
    account: VALIDATOR,
    dryRun: true,
    verifiedBlock: HEAD - 100,
    endpoint: 'wss://one.example',
  });
  expect((await findSubnet(world.db, GENESIS, 24))?.block).toBe(HEAD);
});

it('says of the shares whether anything is sent', async () => {
  const push = world.commit(world.miner(1), 'fast = 1\n');
  await world.takeIn(push);
  await world.settle();
  expect(await page().weights()).toMatchObject({
    dryRun: true,
    places: [{ place: 1, submission: 1, hotkey: world.miner(1).hotkey }],
  });
  const wallet = { signer: {}, account: VALIDATOR, signingAccount: VALIDATOR } as unknown as Wallet;
  await watching([{}], { isDryRun: false, openWallet: async () => wallet }).watch.look();
  expect(await page().weights()).toMatchObject({ dryRun: false });
});

it('looks again at the next block when there is something to do, and every ten blocks anyway', async () => {
  const { watch } = watching([{ againInBlocks: 3 }, { againInBlocks: 300 }, { againInBlocks: 0 }]);
  expect(await watch.look()).toBe(NOW + 3 * BLOCK_MS);
  expect(await watch.look()).toBe(NOW + 10 * BLOCK_MS);
  expect(await watch.look()).toBe(NOW + BLOCK_MS);
});

it('logs an alert when it begins and when it is over, not at every look', async () => {
  const { watch, said } = watching([{ alerts: [ALERT] }, { alerts: [ALERT] }, {}, {}]);
  for (let look = 0; look < 4; look += 1) await watch.look();
  expect(said('chain alert')).toMatchObject([{ level: 50, code: 'no_permit', block: HEAD }]);
  expect(said('chain alert is over')).toMatchObject([{ level: 30, code: 'no_permit' }]);
});

it('goes on from the alerts that the process before it saw', async () => {
  await watching([{ alerts: [ALERT], at: NOW - 1_000_000 }]).watch.look();
  const next = watching([{ alerts: [ALERT] }]);
  await next.watch.look();
  expect((await page().chain())?.alerts).toMatchObject([{ startedAt: NOW - 1_000_000 }]);
});

it('shows what was read last while nothing answers', async () => {
  const dark = { block: null, subnet: null, row: null, shares: null, path: 'none' } as const;
  const { watch } = watching([{}, { ...dark, alerts: [{ ...ALERT, code: 'unreachable' }] }]);
  await watch.look();
  await watch.look();
  expect(await page().chain()).toMatchObject({
    block: HEAD,
    uids: [31, 71, 111, 0],
    alerts: [{ code: 'unreachable' }],
  });
});

it('takes an outage for grave once it has lasted for fifty blocks, and says so once more', async () => {
  const dark = (blocks: number): Partial<SetterReport> => ({
    at: NOW + blocks * BLOCK_MS,
    block: null,
    subnet: null,
    alerts: [{ code: 'unreachable', severity: 'warn', message: 'no answer' }],
  });
  const { watch, said } = watching([dark(0), dark(49), dark(50), dark(51)]);
  for (let look = 0; look < 4; look += 1) await watch.look();
  expect(said('chain alert')).toMatchObject([
    { level: 40, severity: 'warn' },
    { level: 50, severity: 'page' },
  ]);
  expect((await page().chain())?.alerts).toMatchObject([{ severity: 'page', startedAt: NOW }]);
});

it('sees everything and sends nothing until its signer answers', async () => {
  const wallet = { signer: {}, account: VALIDATOR, signingAccount: VALIDATOR } as unknown as Wallet;
  const answers: (Wallet | Error)[] = [new SignerError('unavailable', 'no signer listens: start it'), wallet];
  const { watch, wallets } = watching([{}], {
    isDryRun: false,
    openWallet: async () => {
      const answer = answers.shift();
      if (answer instanceof Error) throw answer;
      return answer ?? null;
    },
  });
  expect(await watch.look()).toBe(NOW + BLOCK_MS);
  expect(await page().chain()).toMatchObject({
    block: HEAD,
    steps: [{ kind: 'held_back', message: 'no signer listens: start it' }],
    alerts: [{ code: 'signer', severity: 'page' }],
  });
  await watch.look();
  await watch.look();
  expect(wallets).toEqual([null, wallet]);
  expect((await page().chain())?.alerts).toEqual([]);
});

it('warns of an endpoint that shows another chain', async () => {
  const problem = new ChainError('wrong_genesis', 'wss://two.example shows another chain');
  const { watch } = watching([{}], {
    chain: {
      genesisHash: GENESIS,
      status: () => ({
        endpoint: 'wss://one.example',
        specVersion: 475,
        headAt: NOW,
        failovers: 1,
        putAside: [{ endpoint: 'wss://two.example', problem }],
      }),
    },
  });
  await watch.look();
  expect((await page().chain())?.alerts).toMatchObject([
    { code: 'wrong_genesis', severity: 'warn', message: 'wss://two.example shows another chain' },
  ]);
});

it('survives whatever breaks in a look, says so and looks again', async () => {
  const { watch, said, broken } = watching([new Error('a fault of ours'), {}]);
  expect(await watch.look()).toBe(NOW + BLOCK_MS);
  expect(said('a look at the chain could not be kept')).toHaveLength(1);
  expect(broken()).toBe(1);
  await watch.look();
  expect((await page().chain())?.block).toBe(HEAD);
});

it('tells nothing of another subnet’s last look', async () => {
  await watching([{}]).watch.look();
  const services = world.services();
  const settings = { ...services.settings, netuid: 25, chain: { genesisHash: GENESIS } };
  const elsewhere = createWeightsReadModel({ ...services, settings });
  expect(await elsewhere.chain()).toMatchObject({ netuid: 25, block: null });
  expect(await elsewhere.weightSets()).toEqual([]);
});

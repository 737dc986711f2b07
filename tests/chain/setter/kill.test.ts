/** `kill -9` at any point of a set of weights: whoever goes on sends once for each epoch, and loses none. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { connectChain } from '../../../app/chain/connection/connect.ts';
import { databaseWeightSetStore } from '../../../app/chain/setter/database-store.ts';
import { createWeightSetter } from '../../../app/chain/setter/drive-weights.ts';
import { type Database, openDatabase } from '../../../db/connection.ts';
import { migrate } from '../../../db/migrate.ts';
import type { ChainDouble } from '../../doubles/chain/start.ts';
import { startTcpProxy, type TcpProxy } from '../connection/tcp-proxy.ts';
import type { ChildTask } from './kill-child.ts';
import { aSubnet } from './on-double.ts';
import { NETUID, ROW, setterOptions, slotOf, TEMPO, VALIDATOR } from './the-subnet.ts';

const NOW = 1_795_223_604_000;
const FIRST = 1_000;
const ROOT = path.resolve(import.meta.dirname, '../../..');
/** One file: a process then starts in a third of the time. */
const CHILD = path.join(ROOT, `node_modules/.cache/kill-child-${process.pid}.mjs`);

beforeAll(async () => {
  const entry = path.join(import.meta.dirname, 'kill-child.ts');
  await build({
    entryPoints: [entry],
    outfile: CHILD,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
  });
});
afterAll(() => rmSync(CHILD, { force: true }));

interface Scene {
  readonly double: ChainDouble;
  readonly proxy: TcpProxy;
  readonly databaseUrl: string;
  open(): Database;
}

async function aScene(commitReveal: boolean): Promise<Scene> {
  const double = await aSubnet({ commitReveal });
  const proxy = await startTcpProxy(double.url);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'weights-kill-'));
  const databaseUrl = `sqlite://${path.join(folder, 'referee.sqlite')}`;
  const opened: Database[] = [];
  const open = () => {
    const db = openDatabase(databaseUrl);
    opened.push(db);
    return db;
  };
  await migrate(open());
  onTestFinished(async () => {
    await proxy.close();
    await Promise.all(opened.map((db) => db.destroy()));
    rmSync(folder, { recursive: true });
  });
  return { double, proxy, databaseUrl, open };
}

function startChild({ double, proxy, databaseUrl }: Scene, dies: ChildTask['dies']): ChildProcess {
  const { genesisHash } = double;
  const { genesisSeconds, periodSeconds, publicKey } = double.beacon;
  const beacon = { genesisSeconds, periodSeconds, publicKey };
  const task: ChildTask = { url: proxy.url, genesisHash, beacon, databaseUrl, now: NOW, dies };
  const child = fork(CHILD, [JSON.stringify(task)], {
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

/** Makes blocks and lets the child look at each until it is dead; how it died. */
async function untilDeath({ double, proxy }: Scene, child: ChildProcess): Promise<string | null> {
  const death = once(child, 'exit').then(([, signal]) => signal as string | null);
  for (;;) {
    const said = await Promise.race([
      once(child, 'message').then(([message]) => message),
      death.then(() => null),
    ]);
    if (said === null) return death;
    if (said === 'next') {
      proxy.holdAnswers();
      child.send('go on');
      while (double.record.submissions.length === 0) await new Promise(setImmediate);
      child.kill('SIGKILL');
      return death;
    }
    if (said === 'looked') await double.mine();
    if (double.head().number > FIRST + 2 * TEMPO) return 'it outlived the test';
    child.send('look');
  }
}

/** Another process on the same database, once the lease of the dead one ran out. */
function successor({ double, open }: Scene, owner = 'successor', now = NOW + 60_001) {
  const chain = connectChain({ endpoints: [double.url], genesisHash: double.genesisHash });
  onTestFinished(() => chain.close());
  const store = databaseWeightSetStore(open(), { owner, now: () => now, leaseMs: 60_000 });
  const setter = createWeightSetter({ ...setterOptions(chain, store, double.beacon), now: () => now });
  return { setter, history: () => store.history(slotOf(double), 50) };
}

const counts = ({ double }: Scene) =>
  double.record.inclusionsByEpoch(VALIDATOR.hotkey, NETUID).map(([, count]) => count);

async function expectOnceForEach(scene: Scene): Promise<void> {
  const { setter, history } = successor(scene);
  const until = FIRST + TEMPO + 12;
  let report = await setter.look();
  while (scene.double.head().number < until) {
    await scene.double.mine(Math.min(report.againInBlocks, until - scene.double.head().number));
    report = await setter.look();
  }
  expect(counts(scene)).toEqual([1, 1]);
  expect(scene.double.subnet(NETUID).row(VALIDATOR.hotkey)).toEqual(ROW);
  const sets = (await history()).toReversed();
  expect(sets[0]).toMatchObject({ state: 'verified', attempt: 1 });
  expect(sets.map(({ extrinsic }) => extrinsic?.hash)).toEqual(
    scene.double.record.inclusionsOf(VALIDATOR.hotkey, NETUID).map(({ hash }) => hash),
  );
}

describe('a process that is killed', () => {
  it.each([
    ['before', 'store planned'],
    ['after', 'store planned'],
    ['after', 'sign'],
    ['after', 'store signed'],
    ['during', 'submit'],
    ['after', 'submit'],
    ['before', 'store included'],
    ['after', 'store included'],
    ['before', 'store verified'],
    ['after', 'store verified'],
  ] as const)('%s %s: plain weights go out once', async (when, at) => {
    const scene = await aScene(false);
    expect(await untilDeath(scene, startChild(scene, { at, when }))).toBe('SIGKILL');
    await expectOnceForEach(scene);
  });

  it.each([
    ['after', 'store signed'],
    ['before', 'read events'],
  ] as const)('%s %s: timelocked weights go out once', async (when, at) => {
    const scene = await aScene(true);
    expect(await untilDeath(scene, startChild(scene, { at, when }))).toBe('SIGKILL');
    await expectOnceForEach(scene);
  });
});

it('a process that is killed once it signed again what a pool refused: the weights go out once', {
  timeout: 60_000,
}, async () => {
  const scene = await aScene(false);
  scene.double.faults.refuseInPool({ custom: 255 }, 1);
  expect(await untilDeath(scene, startChild(scene, { at: 'sign again', when: 'after' }))).toBe('SIGKILL');
  await expectOnceForEach(scene);
});

describe('two replicas', () => {
  it('that look at every block at the same time send once', async () => {
    const scene = await aScene(false);
    const both = [successor(scene, 'one', NOW), successor(scene, 'two', NOW)];
    while (scene.double.head().number < FIRST + TEMPO + 12) {
      await scene.double.mine();
      await Promise.all(both.map(({ setter }) => setter.look()));
    }
    expect(counts(scene)).toEqual([1, 1]);
    const sets = (await both[0]?.history()) ?? [];
    expect(sets.map(({ state, attempt }) => [state, attempt])).toEqual([
      ['verified', 1],
      ['verified', 1],
    ]);
  });
});

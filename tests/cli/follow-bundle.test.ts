/** The command file that the App serves, following on plain node in an empty folder; killed wherever it hurts. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { bundleCli } from '../../app/cli/bundle.ts';
import { aStanding, HOTKEYS, iso } from '../chain/standing/a-standing.ts';
import { aChain, aMachine, aReferee, aServerKey, type Machine, VALIDATOR } from './following.ts';
import { aFolder } from './io.ts';

const built = path.join(aFolder(), 'cli.mjs');
beforeAll(async () => {
  await bundleCli(built);
});

async function aScene() {
  const referee = await aReferee(aServerKey(), aStanding({ issuedAt: iso(Date.now()) }));
  const chain = await aChain();
  const machine = aMachine(referee, chain);
  const folder = aFolder();
  copyFileSync(built, path.join(folder, 'cli.mjs'));
  return { chain, machine, folder };
}

function started(folder: string, machine: Machine, more: readonly string[]) {
  const child = spawn(process.execPath, ['cli.mjs', 'weights', ...machine.argv, ...more], {
    cwd: folder,
    env: {},
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { out: '', err: '' };
  child.stdout.on('data', (chunk) => {
    output.out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    output.err += chunk;
  });
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, ...output }));
  return { child, ended };
}

/** Kills it as soon as `isThere`; asked often, and without a pause that could miss it by much. */
async function killedWhen(child: ChildProcess, isThere: () => boolean): Promise<void> {
  while (child.exitCode === null && child.signalCode === null) {
    if (isThere()) child.kill('SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

interface Stored {
  readonly state: string;
  readonly epoch: number;
}
function stored(machine: Machine): readonly Stored[] {
  return existsSync(machine.stateFile) ? JSON.parse(readFileSync(machine.stateFile, 'utf8')).weightSets : [];
}

describe('the command file', () => {
  it('follows in an empty folder, and writes nothing there', async () => {
    const { chain, machine, folder } = await aScene();
    const dry = await started(folder, machine, ['--json', '--hotkey', VALIDATOR]).ended;
    expect(dry).toMatchObject({ code: 0, err: '' });
    expect(JSON.parse(dry.out)).toMatchObject({ dryRun: true, uids: [2, 3, 4, 5], path: 'plain' });
    const sent = await started(folder, machine, ['--wallet', machine.wallet, '--once']).ended;
    expect(sent).toMatchObject({ code: 0, err: '' });
    expect(sent.out).toContain('is in the pool');
    await chain.mine();
    const seen = await started(folder, machine, ['--wallet', machine.wallet, '--once']).ended;
    expect(seen.out).toContain('verified: the row of epoch');
    expect(chain.subnet(24).row(VALIDATOR)[0]).toEqual([2, 65_535]);
    expect(chain.subnet(24).uidOf(HOTKEYS[0])).toBe(2);
    expect(readdirSync(folder)).toEqual(['cli.mjs']);
  });

  it('is killed at every step of an epoch, which has its weights once', async () => {
    const { chain, machine, folder } = await aScene();
    const has = (state: string) => stored(machine).some((set) => set.state === state);
    const steps = [
      () => existsSync(machine.stateFile),
      () => has('planned'),
      () => has('signed'),
      () => chain.record.submissions.length > 0,
      () => has('included'),
    ];
    const kills = [];
    for (let run = 0; run < 15 && !has('verified'); run += 1) {
      const { child, ended } = started(folder, machine, ['--wallet', machine.wallet, '--once']);
      const isThere = steps[run];
      if (isThere !== undefined) await killedWhen(child, isThere);
      const { code, err } = await ended;
      if (code === null) kills.push(run);
      else expect([code, err]).toEqual([0, '']);
      // the mark of the killed one went with the next
      const marks = readdirSync(machine.folder).filter((name) => name.includes('.lock-'));
      expect(marks.length).toBeLessThanOrEqual(code === null ? 1 : 0);
      if (run >= steps.length - 2) await chain.mine();
    }
    expect(kills.length).toBeGreaterThanOrEqual(3);
    expect(has('verified')).toBe(true);
    expect(chain.record.inclusionsByEpoch(VALIDATOR, 24).map(([, count]) => count)).toEqual([1]);
  });
});

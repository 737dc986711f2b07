import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, utimesSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { lockFile } from '../../app/cli/state-lock.ts';
import { aFolder } from './io.ts';

const MODULE = path.resolve(import.meta.dirname, '../../app/cli/state-lock.ts');
const isHeld = (lock: Awaited<ReturnType<typeof lockFile>>) => 'release' in lock;
const marks = (file: string) => readdirSync(path.dirname(file)).filter((name) => name.includes('.lock-'));

/** A process that holds the file, or says that it cannot. */
async function holder(file: string): Promise<{ child: ChildProcess; said: string }> {
  const script = `
    const { lockFile } = await import(${JSON.stringify(MODULE)});
    const lock = await lockFile(${JSON.stringify(file)});
    console.log('release' in lock ? 'held' : lock.heldBy);
    process.stdin.resume();`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [said] = await once(child.stdout as NodeJS.ReadableStream, 'data');
  return { child, said: String(said).trim() };
}

describe('the lock of a file', () => {
  it('is one process’s until it lets go', async () => {
    const file = path.join(aFolder(), 'deep', 'state.json');
    const first = await lockFile(file);
    expect(await lockFile(file)).toEqual({ heldBy: expect.stringContaining(`process ${process.pid} on `) });
    expect(marks(file)).toHaveLength(1);
    if ('release' in first) first.release();
    expect(marks(file)).toEqual([]);
    const second = await lockFile(file);
    expect(isHeld(second)).toBe(true);
    if ('release' in second) second.release();
  });

  it('is free again once its process was killed', async () => {
    const file = path.join(aFolder(), 'state.json');
    const { child, said } = await holder(file);
    expect(said).toBe('held');
    expect(await lockFile(file)).toEqual({ heldBy: expect.stringContaining(`process ${child.pid} on `) });
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(marks(file)).toHaveLength(1);
    const lock = await lockFile(file);
    expect(isHeld(lock)).toBe(true);
    expect(marks(file)).toHaveLength(1);
    if ('release' in lock) lock.release();
  });

  it('is never two processes’, also when they begin at once', async () => {
    const file = path.join(aFolder(), 'state.json');
    const all = await Promise.all([holder(file), holder(file), holder(file)]);
    expect(all.filter(({ said }) => said === 'held').length).toBeLessThanOrEqual(1);
    expect(marks(file).length).toBeLessThanOrEqual(1);
  });

  it('of a number that was given to another process counts for nothing', async () => {
    const file = path.join(aFolder(), 'state.json');
    writeFileSync(`${file}.lock-${process.pid}-1-${os.hostname()}`, '');
    const lock = await lockFile(file);
    expect(isHeld(lock)).toBe(true);
    if ('release' in lock) lock.release();
  });

  it('is not what merely looks like a mark', async () => {
    const file = path.join(aFolder(), 'state.json');
    for (const name of ['.lock', '.lock-', '.lock-x-1-host', '.json.lock-1-1-a', '-2'])
      writeFileSync(`${file}${name}`, '');
    const lock = await lockFile(file);
    expect(isHeld(lock)).toBe(true);
    if ('release' in lock) lock.release();
    expect(readdirSync(path.dirname(file))).toHaveLength(5);
  });

  it('of another host counts while it is renewed', async () => {
    const file = path.join(aFolder(), 'state.json');
    const mark = `${file}.lock-1-1-elsewhere`;
    writeFileSync(mark, '');
    expect(await lockFile(file)).toEqual({ heldBy: 'process 1 on elsewhere' });
    const before = new Date(Date.now() - 120_000);
    utimesSync(mark, before, before);
    const lock = await lockFile(file);
    expect(isHeld(lock)).toBe(true);
    if ('release' in lock) lock.release();
  });
});

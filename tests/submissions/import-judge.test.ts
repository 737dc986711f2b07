import type { ChildProcess } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { loadTask } from '../../app/evaluations/task.ts';
import { createImportJudge, type ImportJudge } from '../../app/submissions/import-judge.ts';
import { READY } from '../../app/submissions/import-protocol.ts';
import { forkFile } from '../fixtures/fork-cases.ts';

const TASK = loadTask('quasar_demo');
const filesOf = (name: string) =>
  TASK.targetFiles.map((path) => ({ path, text: forkFile(name, path).toString('utf8') }));

/** A process that does what a test says with each question. */
class FakeProcess extends EventEmitter {
  killed = false;
  constructor(
    private readonly onQuestion: (process: FakeProcess, id: number) => void,
    starts = true,
  ) {
    super();
    queueMicrotask(() => (starts ? this.emit('message', READY) : this.emit('error', new Error('no wasm'))));
  }
  send({ id }: { id: number }) {
    this.onQuestion(this, id);
  }
  kill() {
    this.killed = true;
    return true;
  }
}
const fake = (onQuestion: (process: FakeProcess, id: number) => void, starts = true) =>
  new FakeProcess(onQuestion, starts) as unknown as ChildProcess;

let judge: ImportJudge;
afterEach(() => judge.stop());

describe('the import judge', () => {
  it('finds in its process what the policy finds, for several commits at once', async () => {
    judge = createImportJudge();
    const [good, bad] = await Promise.all([
      judge.judge(filesOf('faster'), TASK),
      judge.judge(filesOf('forbidden-import'), TASK),
    ]);
    expect(good).toEqual([]);
    expect(bad.map(({ rule }) => rule)).toContain('forbidden-package');
  });

  it('ends processes that do not answer in time, refuses the files after the second, and judges the next ones', async () => {
    const processes: FakeProcess[] = [];
    judge = createImportJudge(() => {
      const stuck = processes.length < 2;
      const started = fake((self, id) => {
        if (!stuck) queueMicrotask(() => self.emit('message', { id, findings: [] }));
      });
      processes.push(started as unknown as FakeProcess);
      return started;
    }, 20);
    const first = await judge.judge(filesOf('faster'), TASK);
    expect(first.map(({ rule }) => rule)).toEqual(['too-large']);
    expect(processes.map(({ killed }) => killed)).toEqual([true, true]);
    expect(await judge.judge(filesOf('faster'), TASK)).toEqual([]);
  });

  it('blames nobody when its process does not start', async () => {
    judge = createImportJudge(() => fake(() => {}, false));
    await expect(judge.judge(filesOf('faster'), TASK)).rejects.toThrow('did not start');
  });

  it('refuses files that end the process', async () => {
    judge = createImportJudge(() => fake((self) => queueMicrotask(() => self.emit('exit', 1))));
    expect((await judge.judge(filesOf('faster'), TASK)).map(({ rule }) => rule)).toEqual(['too-large']);
  });
});

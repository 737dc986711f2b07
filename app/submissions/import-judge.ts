/** Judges imports in a process of its own, one commit after the other, and survives whatever a file does to the parser. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Task } from '../evaluations/task.ts';
import type { Finding } from '../imports/findings.ts';
import { type ImportAnswer, type ImportQuestion, READY } from './import-protocol.ts';

/** Five files of the largest size take about five seconds on a cold, slow machine. */
const LIMIT_MS = 30_000;

export interface ImportJudge {
  judge(files: ImportQuestion['files'], task: Task): Promise<Finding[]>;
  stop(): Promise<void>;
}

interface Waiting {
  readonly question: ImportQuestion;
  readonly resolve: (findings: Finding[]) => void;
  readonly reject: (error: Error) => void;
  /** How many processes it has outlived: the first may have ended for another reason. */
  losses: number;
}

/**
 * Files that twice end the process, or are not judged in time, get a finding: nothing unread goes on to a runner. A
 * process that cannot be started is our own fault: then `judge` throws, and the delivery is taken again later.
 */
export function createImportJudge(start: () => ChildProcess = startProcess, limitMs = LIMIT_MS): ImportJudge {
  let child: ChildProcess | null = null;
  let ready = false;
  let current: Waiting | null = null;
  let timer: NodeJS.Timeout | undefined;
  let lastId = 0;
  const queue: Waiting[] = [];

  const finish = (end: (waiting: Waiting) => void) => {
    clearTimeout(timer);
    const done = current;
    current = null;
    if (done !== null) end(done);
    next();
  };
  const lose = (lost: ChildProcess, cause?: unknown) => {
    if (lost !== child) return;
    const wasReady = ready;
    child = null;
    ready = false;
    lost.kill('SIGKILL');
    if (current === null) return;
    finish((waiting) => {
      if (!wasReady) waiting.reject(new Error('the process that judges imports did not start', { cause }));
      else if (waiting.losses > 0) waiting.resolve([unreadable(waiting.question)]);
      else queue.unshift({ ...waiting, losses: 1 });
    });
  };
  const running = (): ChildProcess => {
    if (child !== null) return child;
    const fresh = start();
    fresh.on('message', (message: ImportAnswer | typeof READY) => {
      if (fresh !== child) return;
      if (message === READY) {
        ready = true;
        ask(fresh);
      } else if (message.id === current?.question.id) finish(({ resolve }) => resolve(message.findings));
    });
    fresh.on('error', (error) => lose(fresh, error));
    fresh.on('exit', (code) => lose(fresh, code));
    child = fresh;
    return fresh;
  };
  /** Also while the process still starts, the time runs. */
  const ask = (to: ChildProcess) => {
    if (current === null) return;
    clearTimeout(timer);
    timer = setTimeout(() => lose(to), limitMs);
    if (ready) to.send(current.question);
  };
  const next = () => {
    if (current !== null) return;
    current = queue.shift() ?? null;
    if (current !== null) ask(running());
  };
  running();
  return {
    judge: (files, task) =>
      new Promise((resolve, reject) => {
        const { imports, python, targetFiles } = task;
        lastId += 1;
        queue.push({
          question: { id: lastId, files, task: { imports, python, targetFiles } },
          resolve,
          reject,
          losses: 0,
        });
        next();
      }),
    async stop() {
      const last = child;
      child = null;
      clearTimeout(timer);
      last?.kill('SIGKILL');
    },
  };
}

/** Through tsx, as the App itself runs. It ends with the App: its channel closes then. */
function startProcess(): ChildProcess {
  return fork(fileURLToPath(new URL('./import-process.ts', import.meta.url)), {
    execArgv: ['--import', 'tsx'],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    // Nothing of the App's environment: it holds secrets, and this process reads hostile files.
    env: { PATH: process.env.PATH },
  });
}

function unreadable({ files }: ImportQuestion): Finding {
  return {
    rule: 'too-large',
    file: files[0]?.path ?? '',
    line: 1,
    column: 1,
    message: 'These files could not be read as Python within 30 seconds.',
    advice: 'Shorten the code, generated tables and nesting above all, and push again.',
  };
}

/** One process of the App: started with an environment, seen healthy, ended cleanly or as a crash would. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { fileURLToPath } from 'node:url';

const CHECKOUT = fileURLToPath(new URL('../../', import.meta.url));
const START_MS = 120_000;
const TAIL = 4_000;

export class AppProcess {
  private constructor(
    readonly url: string,
    private readonly child: ChildProcess,
    /** Rejects when the process ends, with the end of its log. */
    private readonly ended: Promise<never>,
  ) {}

  /** Does not wait for anything; `env` is all that the App gets. Its output is appended to `logFile`. */
  static spawn(env: Readonly<Record<string, string>>, logFile: string): AppProcess {
    const child = spawn(process.execPath, ['--import', 'tsx', 'app/main.ts'], {
      cwd: CHECKOUT,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const log = createWriteStream(logFile, { flags: 'a' });
    let tail = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        log.write(chunk);
        tail = `${tail}${chunk}`.slice(-TAIL);
      });
    const ended = new Promise<never>((_, reject) =>
      child.once('exit', (code, signal) => reject(new Error(`the App ended (${code ?? signal}):\n${tail}`))),
    );
    ended.catch(() => {});
    return new AppProcess(`http://127.0.0.1:${env.PORT}`, child, ended);
  }

  /** Resolves once it answers; rejects, with the end of its log, when it ends or stays silent. */
  async healthy(): Promise<void> {
    await Promise.race([this.#answers(), this.ended]);
  }

  /** Ends it: `SIGKILL` as a crash would, `SIGTERM` cleanly. Resolves when it is gone. */
  async stop(signal: 'SIGKILL' | 'SIGTERM' = 'SIGTERM'): Promise<void> {
    this.child.kill(signal);
    await this.ended.catch(() => {});
  }

  async #answers(): Promise<void> {
    const deadline = Date.now() + START_MS;
    while (Date.now() < deadline) {
      const answer = await fetch(`${this.url}/health`).catch(() => null);
      if (answer?.ok) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`the App was not healthy within ${START_MS / 1000} s`);
  }
}

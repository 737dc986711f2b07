/** The files by which a step talks to its runner (docs, Workflow commands: environment files). */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const NAMES = ['GITHUB_OUTPUT', 'GITHUB_STATE', 'GITHUB_ENV', 'GITHUB_PATH', 'GITHUB_STEP_SUMMARY'] as const;

export class StepFiles {
  readonly #folder: string;
  readonly #exported: Record<string, string> = {};
  #state: Record<string, string> = {};

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Makes fresh files for one process and names them in variables. */
  open(): Record<string, string> {
    for (const name of NAMES) writeFileSync(this.#path(name), '');
    return Object.fromEntries(NAMES.map((name) => [name, this.#path(name)]));
  }

  /** Takes in what the process wrote; returns the summary. */
  close(): string {
    Object.assign(this.#exported, this.#pairs('GITHUB_ENV'));
    const state = Object.entries(this.#pairs('GITHUB_STATE'));
    this.#state = Object.fromEntries(state.map(([name, value]) => [`STATE_${name}`, value]));
    const summary = this.#read('GITHUB_STEP_SUMMARY');
    for (const name of NAMES) rmSync(this.#path(name), { force: true });
    return summary;
  }

  /** What steps have put into `GITHUB_ENV`. */
  exported(): Readonly<Record<string, string>> {
    return this.#exported;
  }

  /** `STATE_*` for the action's post step. */
  state(): Record<string, string> {
    return this.#state;
  }

  #path(name: string): string {
    return path.join(this.#folder, name.toLowerCase());
  }

  #read(name: string): string {
    return existsSync(this.#path(name)) ? readFileSync(this.#path(name), 'utf8') : '';
  }

  /** `name=value` lines, or `name<<DELIMITER` with a text of several lines. */
  #pairs(name: string): Record<string, string> {
    const pairs: Record<string, string> = {};
    const lines = this.#read(name).split('\n');
    for (let at = 0; at < lines.length; at++) {
      const [, key = '', operator = '', rest = ''] = /^([^=<]+)(=|<<)(.*)$/.exec(lines[at] ?? '') ?? [];
      if (operator === '=') pairs[key] = rest;
      if (operator !== '<<') continue;
      const end = lines.indexOf(rest, at + 1);
      pairs[key] = lines.slice(at + 1, end).join('\n');
      at = end;
    }
    return pairs;
  }
}

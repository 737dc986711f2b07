import { existsSync, readFileSync } from 'node:fs';

/** A killed process whose parent has not asked for it is a zombie, not alive. */
export function isAlive(pid: number): boolean {
  const file = `/proc/${pid}/stat`;
  return existsSync(file) && !/\) [ZX] /.test(readFileSync(file, 'utf8'));
}

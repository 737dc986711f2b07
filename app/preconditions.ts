/** What the configuration names must be there: said as a problem of the configuration, not as a stack trace. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { type Database, openDatabase } from '../db/connection.ts';
import { openServerKey, type ServerKey, ServerKeyError } from './chain/standing/server-key.ts';
import { ConfigError } from './config/problems.ts';
import { EXAMPLES, type VariableName } from './config/variables.ts';
import { KERNELS_DIR } from './evaluations/task.ts';

/** Throws `ConfigError` for a task without a folder in `kernels/`. */
export function refuseAbsentTasks(names: readonly string[]): void {
  const absent = names.filter((name) => !existsSync(path.join(KERNELS_DIR, name, 'task.json')));
  if (absent.length > 0)
    throw misconfigured('TASKS', `names what has no folder in kernels/: ${absent.join(', ')}`);
}

/** An open database that has answered once. Throws `ConfigError` without the URL, which may hold a password. */
export async function reachDatabase(url: string): Promise<Database> {
  let db: Database | null = null;
  try {
    db = openDatabase(url);
    await db.raw('SELECT 1');
    return db;
  } catch (error) {
    await db?.destroy();
    const said = (error as Error).message || (error as NodeJS.ErrnoException).code;
    throw misconfigured('DATABASE_URL', `names a database that cannot be opened: ${said}`);
  }
}

/** The key that signs the standing; made at first boot. Throws `ConfigError`. */
export function reachServerKey(file: string): ServerKey {
  try {
    return openServerKey(file);
  } catch (error) {
    if (!(error instanceof ServerKeyError)) throw error;
    throw misconfigured('SERVER_KEY_FILE', `names a file that cannot be used: ${error.userMessage}`);
  }
}

function misconfigured(variable: VariableName, problem: string): ConfigError {
  return new ConfigError([{ variable, problem, example: EXAMPLES[variable] }]);
}

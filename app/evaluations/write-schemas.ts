/** `npm run schemas`: writes kernels/schemas/*.json from zod; with `--check` fails when they differ. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { PUBLISHED } from './schema.ts';
import { KERNELS_DIR, Task } from './task.ts';

const check = process.argv.includes('--check');
const dir = path.join(KERNELS_DIR, 'schemas');
mkdirSync(dir, { recursive: true });
let stale = 0;
for (const [name, schema] of Object.entries({ ...PUBLISHED, task: Task })) {
  const text = `${JSON.stringify(z.toJSONSchema(schema), null, 2)}\n`;
  const file = path.join(dir, `${name}.json`);
  let old = '';
  try {
    old = readFileSync(file, 'utf8');
  } catch {
    // a schema that is not there yet is simply written
  }
  if (old === text) continue;
  stale += 1;
  if (check) console.error(`kernels/schemas/${name}.json is stale: run \`npm run schemas\` and commit it`);
  else writeFileSync(file, text);
}
process.exitCode = check && stale > 0 ? 1 : 0;

import { createInterface } from 'node:readline';
import type { RunContext } from './executor.ts';
import type { StepFiles } from './step-files.ts';

/** Runs one process of a step and logs its output with masked values replaced; true when it exits with 0. */
export async function runStepProcess(
  context: RunContext,
  files: StepFiles,
  command: string,
  args: readonly string[],
  env: Record<string, string>,
): Promise<boolean> {
  const child = context.spawn(command, args, { cwd: context.workdir, env: { ...env, ...files.open() } });
  const masks = [env.ACTIONS_ID_TOKEN_REQUEST_TOKEN ?? ''].filter(Boolean);
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  const logged = [child.stdout, child.stderr].map(async (stream) => {
    if (!stream) return;
    for await (const line of createInterface({ input: stream })) {
      const secret = /^::add-mask::(.+)$/.exec(line)?.[1];
      if (secret === undefined) context.log(masks.reduce((text, mask) => text.replaceAll(mask, '***'), line));
      else masks.push(decodeURIComponent(secret));
    }
  });
  const code = await ended;
  await Promise.all(logged);
  const summary = files.close();
  if (summary !== '') context.log(summary);
  return code === 0;
}

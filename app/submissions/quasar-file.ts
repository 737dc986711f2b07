/** Reads `quasar.yml` at the pushed commit and checks the link that it carries. */
import { verifyLink } from '../miners/link.ts';
import { parseQuasarYml } from '../miners/quasar-yml.ts';
import { type PushedCommit, QUASAR_YML } from './commit.ts';
import type { YmlProblem } from './details.ts';
import type { Push } from './push.ts';
import { defaultTask, type LoadedTask, type Services } from './services.ts';

const MAX_BYTES = 64 * 1024;

/** What a miner says about a commit, and whether the link holds. */
export interface Claimed {
  readonly absent: boolean;
  readonly linked: boolean;
  readonly task: LoadedTask;
  /** The branch that it wants to be judged; null where the file does not say, because it is absent or broken. */
  readonly branch: string | null;
  readonly hotkey: string | null;
  readonly signature: string | null;
  readonly targetLength: number | null;
  readonly claimedTokensPerSec: number | null;
  readonly problems: readonly YmlProblem[];
  readonly warnings: readonly YmlProblem[];
}

export function readClaimed(services: Services, push: Push, commit: PushedCommit): Claimed {
  const file = commit.files.get(QUASAR_YML);
  const nothing = {
    linked: false,
    task: defaultTask(services),
    branch: null,
    hotkey: null,
    signature: null,
    targetLength: null,
    claimedTokensPerSec: null,
    warnings: [],
  };
  const refuse = (absent: boolean, why: string, mend: string): Claimed => ({
    ...nothing,
    absent,
    problems: [{ line: 1, column: 1, key: QUASAR_YML, why, mend }],
  });
  if (file === undefined)
    return refuse(
      true,
      'there is no quasar.yml at the root of this commit',
      'make it with the `link` command and commit it',
    );
  if (file.entry.type !== 'blob' || !['100644', '100755'].includes(file.entry.mode))
    return refuse(false, 'quasar.yml is not a plain file', 'replace it by a plain file');
  if (file.bytes === null || file.bytes.byteLength > MAX_BYTES)
    return refuse(false, 'quasar.yml is larger than 64 KiB', 'keep only the keys that are described');

  const known = new Map([...services.tasks].map(([name, { task }]) => [name, task]));
  const parsed = parseQuasarYml(file.bytes, known);
  if (!parsed.ok) return { ...nothing, absent: false, problems: parsed.problems, warnings: parsed.warnings };
  const { value } = parsed;
  const check = verifyLink({
    network: services.settings.network,
    netuid: services.settings.netuid,
    repoId: push.repoId,
    ownerId: push.ownerId,
    hotkey: value.hotkey,
    signature: value.signature,
  });
  return {
    absent: false,
    linked: check.ok,
    task: services.tasks.get(value.task) ?? nothing.task,
    branch: value.branch ?? push.defaultBranch,
    hotkey: value.hotkey,
    signature: value.signature,
    targetLength: value.targetSequenceLength,
    claimedTokensPerSec: value.claimedTokensPerSec ?? null,
    problems: check.ok
      ? []
      : [
          {
            line: parsed.lines.signature ?? 1,
            column: 1,
            key: 'signature',
            why: check.why,
            mend: check.mend,
          },
        ],
    warnings: parsed.warnings,
  };
}

/** Reads `quasar.yml` at the pushed commit and checks the link that it carries, and who stands behind it. */
import { verifyLink } from '../miners/link.ts';
import { parseQuasarYml } from '../miners/quasar-yml.ts';
import { registrationOf } from '../miners/registration.ts';
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
  /** The hotkey, where its signature holds, registered or not. */
  readonly provenHotkey: string | null;
  /** Block at which the proven hotkey was not registered on the subnet; null where it was, or nobody knows. */
  readonly unregisteredAt: number | null;
  /** The branch that it wants to be judged; null where the file does not say, because it is absent or broken. */
  readonly branch: string | null;
  readonly hotkey: string | null;
  readonly signature: string | null;
  readonly targetLength: number | null;
  readonly claimedTokensPerSec: number | null;
  readonly problems: readonly YmlProblem[];
  readonly warnings: readonly YmlProblem[];
}

export async function readClaimed(services: Services, push: Push, commit: PushedCommit): Promise<Claimed> {
  const file = commit.files.get(QUASAR_YML);
  const nothing = {
    linked: false,
    provenHotkey: null,
    unregisteredAt: null,
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
  const { value, lines } = parsed;
  const { network, netuid } = services.settings;
  const check = verifyLink({
    network,
    netuid,
    repoId: push.repoId,
    ownerId: push.ownerId,
    hotkey: value.hotkey,
    signature: value.signature,
  });
  const registration = check.ok ? await registrationOf(services, value.hotkey) : null;
  const unregisteredAt = registration?.kind === 'not_registered' ? registration.block : null;
  const problems: YmlProblem[] = [];
  if (!check.ok)
    problems.push({
      line: lines.signature ?? 1,
      column: 1,
      key: 'signature',
      why: check.why,
      mend: check.mend,
    });
  if (unregisteredAt !== null)
    problems.push({
      line: lines.hotkey ?? 1,
      column: 1,
      key: 'hotkey',
      why: `hotkey ${value.hotkey} is not registered on netuid ${netuid} of ${network} (block ${unregisteredAt})`,
      mend: `register it with \`btcli subnet register --netuid ${netuid}\`; no new push is needed`,
    });
  return {
    absent: false,
    linked: check.ok && unregisteredAt === null,
    provenHotkey: check.ok ? value.hotkey : null,
    unregisteredAt,
    task: services.tasks.get(value.task) ?? nothing.task,
    branch: value.branch ?? push.defaultBranch,
    hotkey: value.hotkey,
    signature: value.signature,
    targetLength: value.targetSequenceLength,
    claimedTokensPerSec: value.claimedTokensPerSec ?? null,
    problems,
    warnings: parsed.warnings,
  };
}

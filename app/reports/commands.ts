/** Commands that a miner can copy. The command file comes from the App itself: no package of that name is ours. */
import { fenced } from './escape.ts';
import type { SubmissionView } from './view.ts';

type Place = Pick<SubmissionView, 'appUrl' | 'cliSha256' | 'repo' | 'task' | 'targetLength'>;

/** What the miner puts in himself. */
const HOTKEY_FILE = '~/.bittensor/wallets/WALLET/hotkeys/HOTKEY';
const TARGET_LENGTH = 'TARGET_LENGTH';

/** Proves that a hotkey owns the fork, and writes the proof to `quasar.yml`. */
export function linkCommand(view: Place): string {
  const { owner, name } = view.repo;
  const repo = `${safe(owner, 'OWNER')}/${safe(name, 'NAME')}`;
  return shell(view, [
    `node cli.mjs link --write --task ${safe(view.task.name, 'quasar')} --target-length ${view.targetLength ?? TARGET_LENGTH} \\`,
    `  --repo ${repo} --referee ${view.appUrl} \\`,
    `  --hotkey-file ${HOTKEY_FILE}`,
    'git add quasar.yml && git commit -m "Link my hotkey" && git push',
  ]);
}

/** Finds in a checkout what `Quasar / imports` found. */
export function checkCommand(view: Place): string {
  return shell(view, [`node cli.mjs check --path . --task ${safe(view.task.name, 'quasar')}`]);
}

function shell(view: Place, commands: readonly string[]): string {
  const get = [`curl -fsSLO ${view.appUrl}/cli.mjs`];
  if (view.cliSha256 !== null) get.push(`echo "${view.cliSha256}  cli.mjs" | sha256sum -c -`);
  return fenced([...get, ...commands].join('\n'), { maxLines: 20, maxColumns: 500, maxChars: 4_000 }).replace(
    /^(`+)text/,
    '$1sh',
  );
}

/** A command is pasted into a shell: a name that GitHub would not give is replaced. */
function safe(name: string, placeholder: string): string {
  return /^[A-Za-z0-9_.][A-Za-z0-9_.-]{0,99}$/.test(name) ? name : placeholder;
}

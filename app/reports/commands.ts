/** Commands that a miner can copy. The command file comes from the App itself: no package of that name is ours. */
import { fenced } from './escape.ts';
import type { SubmissionView } from './view.ts';

type Place = Pick<SubmissionView, 'appUrl' | 'cliSha256' | 'repo' | 'task'>;

/** Proves that a hotkey owns the fork, and writes the proof to `quasar.yml`. */
export function linkCommand(view: Place): string {
  return shell(view, [
    `node cli.mjs link --hotkey-file HOTKEY_FILE --repo ${repoName(view)} --referee ${view.appUrl} --write`,
    'git add quasar.yml && git commit -m "Link my hotkey" && git push',
  ]);
}

/** Finds in a checkout what `Quasar / imports` found. */
export function checkCommand(view: Place): string {
  return shell(view, [`node cli.mjs check --path . --task ${safe(view.task.name)}`]);
}

function shell(view: Place, commands: readonly string[]): string {
  const get = [`curl -fsSLO ${view.appUrl}/cli.mjs`];
  if (view.cliSha256 !== null) get.push(`echo "${view.cliSha256}  cli.mjs" | sha256sum -c -`);
  return fenced([...get, ...commands].join('\n'), { maxLines: 20, maxColumns: 500, maxChars: 4_000 }).replace(
    /^(`+)text/,
    '$1sh',
  );
}

function repoName({ repo }: Place): string {
  return `${safe(repo.owner)}/${safe(repo.name)}`;
}

/** A command is pasted into a shell: a name that GitHub would not give is replaced. */
function safe(name: string): string {
  return /^[A-Za-z0-9_.][A-Za-z0-9_.-]{0,99}$/.test(name) ? name : 'NAME';
}

/** Text of others in the job's log and summary: a workflow command in it must not be obeyed, nor markup rendered. */
import type { Ports } from './ports.ts';

const MAX_LINE = 500;

/** One line without control or bidirectional characters, and never a workflow command. */
export function oneLine(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .replaceAll('::', ': :')
    .replaceAll('##[', '## [')
    .trim()
    .slice(0, MAX_LINE);
}

/** Prints lines of others while the runner ignores workflow commands. Synchronous: no command of ours can fall in between. */
export function printUntrusted(
  { core, randomWord }: Pick<Ports, 'core' | 'randomWord'>,
  title: string,
  text: string,
): void {
  const token = randomWord();
  core.info(`${title}:`);
  core.info(`::stop-commands::${token}`);
  for (const line of text.split('\n')) core.info(`  ${oneLine(line)}`);
  core.info(`::${token}::`);
}

/** For a Markdown table cell or sentence. */
export function escapeMarkdown(text: string): string {
  return oneLine(text)
    .replace(/[\\`*_{}[\]()#+!|~@-]/g, '\\$&')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}

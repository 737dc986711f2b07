/** GitHub refuses an output of more than 65,535 characters; a report that long is cut, never lost. */

/** What GitHub takes. Source: check-runs, `output.summary` and `output.text`. */
export const GITHUB_MAX_CHARACTERS = 65_535;
/** Ours, in UTF-8 bytes: never more characters than bytes, so this holds however GitHub counts. */
export const MAX_BYTES = 60_000;

/**
 * The text itself when it fits, else as many whole lines as fit, with open code blocks and `<details>` closed again and
 * a last line that says where the whole report is. The result, closers included, is at most `maxBytes` of UTF-8.
 */
export function cutMarkdown(markdown: string, whole: string, maxBytes = MAX_BYTES): string {
  if (Buffer.byteLength(markdown) <= maxBytes) return markdown;
  const notice = `\n\n_Cut here. ${whole}_`;
  const lines = markdown.split('\n');
  let room = maxBytes - Buffer.byteLength(notice);
  const kept: string[] = [];
  for (const line of lines) {
    room -= Buffer.byteLength(line) + 1;
    if (room < 0) break;
    kept.push(line);
  }
  // Closers need room of their own, which is known only after the cut: take lines back until all of it fits.
  for (;;) {
    const text = `${kept.join('\n')}${closers(kept)}${notice}`;
    if (Buffer.byteLength(text) <= maxBytes) return text;
    if (kept.pop() === undefined) throw new RangeError(`${maxBytes} bytes do not hold the notice of the cut`);
  }
}

/** What must follow these lines so that nothing stays open. Tags inside a code block are text. */
function closers(lines: readonly string[]): string {
  let fence: string | null = null;
  let open = 0;
  for (const line of lines) {
    const run = /^`{3,}/.exec(line)?.[0];
    if (fence !== null) {
      if (run !== undefined && run.length >= fence.length && line === run) fence = null;
      continue;
    }
    if (run !== undefined) fence = run;
    else open += count(line, '<details>') - count(line, '</details>');
  }
  return (fence === null ? '' : `\n${fence}`) + '\n\n</details>'.repeat(Math.max(0, open));
}

function count(line: string, tag: string): number {
  return line.split(tag).length - 1;
}

/**
 * Text that a miner controls, made harmless and kept honest: what could steer a reader or a renderer is shown, not
 * silently dropped. Every function caps before it works, so that a megabyte costs nothing.
 */

/** Breaks GitHub's mentions, references and autolinks without changing how the text looks. */
const BREAK = '&#8203;';

/** Invisible or re-ordering: C1, bidi, zero width, fillers, tags, separators, private use, and halves of surrogate pairs. */
const HIDDEN = /\p{DI}|\p{Cf}|\p{Cs}|\p{Co}|\p{Zl}|\p{Zp}|[\u0080-\u009f\ufff0-\uffff]/gu;

/**
 * Controls as their pictures (an escape sequence reads `␛[31m`), hidden characters by number, and no more than three
 * marks on one letter. Line feeds stay.
 */
export function visible(text: string): string {
  return (
    text
      .replace(/\r\n/g, '\n')
      .replace(/\t/g, '    ')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: controls are what is looked for
      .replace(/[\u0000-\u0009\u000b-\u001f]/g, (c) => String.fromCharCode(0x2400 + c.charCodeAt(0)))
      .replace(/\u007f/g, '\u2421')
      .replace(HIDDEN, (c) => `<U+${(c.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}>`)
      .replace(/(\p{M}{3})\p{M}+/gu, '$1')
  );
}

/** At most `max` characters; a longer text ends in an ellipsis. Never splits a surrogate pair. */
export function cap(text: string, max: number): string {
  if (text.length <= max) return text;
  return `${text.slice(0, Math.max(0, max - 1)).replace(/[\ud800-\udbff]$/, '')}…`;
}

/** One line of plain text, for titles and annotations, where nothing is rendered. */
export function plain(text: string, max: number): string {
  return cap(
    visible(cap(text, max * 4))
      .replace(/\s+/g, ' ')
      .trim(),
    max,
  );
}

/** A code span of one line, also inside a table cell, where a pipe would end it. Nothing in it is rendered or linked. */
export function code(text: string, max = 120): string {
  const shown = plain(text, max).replaceAll('`', 'ˋ').replaceAll('|', '¦');
  return shown === '' ? '`(empty)`' : `\`${shown}\``;
}

/**
 * One line of running text: Markdown, HTML, links, mentions and references come out as the characters they are, also at
 * the start of a block. What stands between two backticks becomes a code span, in which none of them means anything either.
 */
export function prose(text: string, max = 600): string {
  return plain(text, max)
    .split(/(`[^`]+`)/)
    .map((part, index) => (index % 2 === 1 ? code(part.slice(1, -1), max) : escapeRun(part)))
    .join('')
    .replace(/^(\d*)([-.)=])/, '$1\\$2');
}

function escapeRun(text: string): string {
  return (
    text
      .replace(/[\\*_[\]()#+!|~{}$]/g, '\\$&')
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      // An entity, because an escaped backtick may still open a code span together with the next one.
      .replaceAll('`', '&#96;')
      .replace(/@|\\#|:(?=\/\/)|www(?=\.)|\bGH(?=-)/gi, `$&${BREAK}`)
  );
}

/** Lines as a code block; its fence is longer than any run of backticks in it. Keeps the last `maxLines` lines. */
export function fenced(text: string, limits = { maxLines: 60, maxColumns: 200, maxChars: 6_000 }): string {
  const lines = visible(text.slice(-limits.maxChars).replace(/^[\udc00-\udfff]/, '')).split('\n');
  const shown = lines.slice(-limits.maxLines).map((line) => cap(line, limits.maxColumns));
  if (shown.length < lines.length || text.length > limits.maxChars)
    shown.unshift('… (earlier lines left out)');
  const body = shown.join('\n');
  const longest = Math.max(2, ...[...body.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}text\n${body}\n${fence}`;
}

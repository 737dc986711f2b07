/** Broken and bent variants of Python sources, from a seed: the same seed gives the same variants. */

/** A small generator of uniform numbers in [0, 1): mulberry32. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const INSERTED = [
  ...'()[]{}:;,.=@*\\\'"#!$?~`',
  ...' \t\n\f\r',
  ...'if else elif for while with as def class lambda return yield await async not in is and or del global nonlocal import from try except finally raise pass break continue match case None True print type'
    .split(' ')
    .map((word) => ` ${word} `),
  ...[
    '"""',
    "'''",
    'f"{',
    '}"',
    ':=',
    '**',
    '->',
    '...',
    '0',
    '1_',
    '0x',
    '1e',
    'b"',
    'rf"',
    '\n    ',
    '\n\t',
    '\n',
    '# noqa\n',
    '\\\n',
    '*,',
    '/,',
    '\u00e9',
    '\u00a0',
    '_',
    '__debug__',
    '{!r}',
    '{{',
    '}}',
  ],
];

/** One to three edits at random places: deletions, insertions, swaps and copies of lines, changed indentation. */
export function mutate(source: string, random: () => number): string {
  let text = source;
  for (let edits = 1 + Math.floor(random() * 3); edits > 0; edits--) text = edit(text, random);
  return text;
}

function edit(text: string, random: () => number): string {
  const at = Math.floor(random() * text.length);
  const inserted = INSERTED[Math.floor(random() * INSERTED.length)] as string;
  switch (Math.floor(random() * 6)) {
    case 0:
      return text.slice(0, at) + text.slice(at + 1 + Math.floor(random() * 6));
    case 1:
      return text.slice(0, at) + inserted + text.slice(at);
    case 2:
      return text.slice(0, at) + inserted + text.slice(at + inserted.length);
    default: {
      const lines = text.split('\n');
      const from = Math.floor(random() * lines.length);
      const to = Math.floor(random() * lines.length);
      const line = lines[from] as string;
      const choice = random();
      if (choice < 0.3) lines.splice(from, 1);
      else if (choice < 0.6) lines.splice(to, 0, line);
      else if (choice < 0.8) lines[from] = random() < 0.5 ? ` ${line}` : line.slice(1);
      else lines[from] = lines[to] as string;
      return lines.join('\n');
    }
  }
}

/** The demo's closing table, for people. */
import type { DemoReport } from './play.ts';

export function table({ submissions, weights, chain }: DemoReport): string {
  const rows = submissions.map((one) => [
    one.case,
    one.checks.imports,
    one.checks.logits,
    one.checks.benchmark,
    one.reason,
    one.tokensPerSec === null ? '' : Math.round(one.tokensPerSec).toLocaleString('en-US'),
    one.score === null ? '' : Math.round(one.score).toLocaleString('en-US'),
    one.rank === null ? '' : String(one.rank),
  ]);
  const head = ['case', 'imports', 'logits', 'benchmark', 'reason', 'tokens/s', 'score', 'rank'];
  const widths = head.map((title, at) =>
    Math.max(title.length, ...rows.map((row) => (row[at] ?? '').length)),
  );
  const numeric = 5;
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, at) => (at >= numeric ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0)))
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  const shares = weights.map(({ hotkey, share }) => `  ${hotkey}  ${(share * 100).toFixed(1)} %`);
  const row =
    chain === null
      ? ['  no chain: nothing was sent']
      : [
          `  uids    ${chain.uids.map((uid) => String(uid).padStart(5)).join('  ')}`,
          `  values  ${chain.values.map((value) => String(value).padStart(5)).join('  ')}`,
          `  in block ${chain.block} by the ${chain.path} call, read back in block ${chain.verifiedBlock}`,
        ];
  const closing = [
    '',
    "shares (the rest is the subnet owner's):",
    ...(shares.length > 0 ? shares : ['  none']),
    '',
    'weights on chain:',
    ...row,
  ];
  return `\n${[line(head), rule, ...rows.map(line), ...closing].join('\n')}\n`;
}

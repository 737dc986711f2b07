/** Correctness gates: each value against its limit. */
import type { GateResult } from '../evaluations/schema.ts';
import { code } from './escape.ts';
import { counted, figure, percent, whole } from './figures.ts';
import { folded, table } from './output.ts';

const SHOWN = 60;
/** Up to this many passing gates stay open beside the failing ones. */
const OPEN = 24;

/** Failing gates first and open; many passing ones are folded. Null without gates. */
export function gatesTable(gates: readonly GateResult[]): string | null {
  if (gates.length === 0) return null;
  const failing = gates.filter(({ pass }) => !pass);
  const passing = gates.filter(({ pass }) => pass);
  if (passing.length <= OPEN) return block([...failing, ...passing]);
  return [
    ...(failing.length > 0 ? [block(failing)] : []),
    folded(`${counted(passing.length, 'gate')} passed`, block(passing)),
  ].join('\n\n');
}

/** The gate that decided a rejection: the first that failed. */
export function firstFailing(gates: readonly GateResult[]): GateResult | null {
  return gates.find(({ pass }) => !pass) ?? null;
}

/** `op_rel_rms on long_memory at 512: 0.31, limit 0.042`, Markdown-free. */
export function inWords(gate: GateResult, quote: (text: string) => string): string {
  return `${quote(gate.name)} on ${quote(gate.input)} at ${whole(gate.length)}: ${value(gate)}, limit ${limit(gate)}`;
}

/** The passing gate that came nearest to its limit, in words. Null without one. */
export function closest(
  gates: readonly GateResult[],
): { readonly gate: GateResult; readonly used: string } | null {
  const used = ({ value: found, limit: allowed, ...gate }: GateResult) => {
    const at = found ?? Number.NaN;
    return atLeast(gate) ? (1 - at) / (1 - allowed) : at / allowed;
  };
  const sorted = gates
    .filter((gate) => gate.pass && Number.isFinite(used(gate)))
    .sort((a, b) => used(b) - used(a));
  const [gate] = sorted;
  return gate === undefined ? null : { gate, used: percent(used(gate)) };
}

function block(gates: readonly GateResult[]): string {
  const shown = gates.slice(0, SHOWN);
  const rows = shown.map((gate) => [
    gate.pass ? '✅' : '❌',
    code(gate.name, 60),
    code(gate.input, 60),
    whole(gate.length),
    gate.pass ? value(gate) : `**${value(gate)}**`,
    limit(gate),
  ]);
  const rest = gates.length > shown.length ? `\n\n… and ${gates.length - shown.length} more.` : '';
  return table('lllrrr', ['', 'Gate', 'Input', 'Length', 'Value', 'Limit'], rows) + rest;
}

function value(gate: GateResult): string {
  if (gate.value === null) return 'not finite';
  // The digits of a similarity that tell anything come after the nines.
  return atLeast(gate) ? gate.value.toFixed(5) : figure(gate.value);
}

function limit(gate: GateResult): string {
  return `${atLeast(gate) ? '≥' : '≤'} ${figure(gate.limit)}`;
}

/** Similarities have a lower limit, errors an upper one. */
function atLeast({ name }: Pick<GateResult, 'name'>): boolean {
  return name.includes('cosine');
}

/** The job's summary page: for the operator; the miner reads the check-runs instead. Pure. */
import type { Result } from '../../../app/evaluations/schema.ts';
import { escapeMarkdown } from './untrusted-text.ts';

const MAX_FAILED_GATES = 20;

/** Markdown; figures are the judge's, every text is escaped. */
export function jobSummary(result: Result): string {
  const { verdict, task, device } = result;
  const failed = result.gates.filter((gate) => !gate.pass);
  return [
    `## Evaluation ${result.evaluation}: ${verdict.status} (${verdict.reason})`,
    ...(verdict.detail === '' ? [] : [escapeMarkdown(verdict.detail)]),
    `Task ${escapeMarkdown(task.name)} version ${task.version}, ${device.kind}, ${escapeMarkdown(device.name)}.`,
    ...(result.measurements.length === 0 ? [] : [measurementTable(result)]),
    `Gates: ${result.gates.length - failed.length} passed, ${failed.length} failed.`,
    ...(failed.length === 0 ? [] : [gateTable(failed.slice(0, MAX_FAILED_GATES))]),
  ].join('\n\n');
}

function measurementTable(result: Result): string {
  const rows = result.measurements.map((m) => {
    const slowest = Math.max(...m.classes.map((timing) => timing.medianNs));
    return row([
      whole(m.length),
      whole(m.tokensPerSec),
      whole(m.tokensPerSecLow),
      ((slowest + m.fixedNs) / 1e6).toFixed(2),
      whole(m.peakBytes / 2 ** 20),
    ]);
  });
  return ['| length | tokens/s | low end | ms | peak MiB |', '|---:|---:|---:|---:|---:|', ...rows].join(
    '\n',
  );
}

function gateTable(gates: Result['gates']): string {
  const rows = gates.map((gate) =>
    row([
      escapeMarkdown(gate.name),
      escapeMarkdown(gate.input),
      whole(gate.length),
      String(gate.value ?? 'not finite'),
      String(gate.limit),
    ]),
  );
  return ['| gate | input | length | value | limit |', '|---|---|---:|---:|---:|', ...rows].join('\n');
}

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
const whole = (value: number): string => Math.round(value).toLocaleString('en-US');

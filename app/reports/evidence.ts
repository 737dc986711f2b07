/** Who vouches for what: the judge for the environment it measured in, nobody for what the worker printed. */
import type { Result } from '../evaluations/schema.ts';
import { code, fenced, plain } from './escape.ts';
import { counted, figure, percent, size, time, whole } from './figures.ts';
import { folded, table } from './output.ts';

const SHOWN_VERSIONS = 20;

/** Recorded by the judge, folded. */
export function environment(result: Result): string {
  const { device, conditions, sandbox } = result;
  const rows: [string, string][] = [
    ['Device', `${code(device.name)} (${device.kind})`],
    ['Memory', size(device.memoryBytes)],
    ['Driver', device.driver === '' ? '–' : code(device.driver)],
    ['Power limit', device.powerLimitW > 0 ? `${whole(device.powerLimitW)} W` : '–'],
    ['Clocks', clocks(result)],
    ...looks(conditions.samples),
    ...yardstick(conditions.yardstick),
    ['Sandbox', sandbox.missing.length === 0 ? 'complete' : `**missing:** ${codes(sandbox.missing)}`],
    ['Flags', result.flags.length === 0 ? 'none' : codes(result.flags)],
    ['Task', `${code(result.task.name)} version ${result.task.version}`],
    ['Judge', code(result.judge.commit.slice(0, 12))],
    ['Upstream tree', code(result.upstream.tree.slice(0, 12))],
    ['Content digest', code(result.digest)],
    ...Object.entries(conditions.versions)
      .slice(0, SHOWN_VERSIONS)
      .map(([name, version]): [string, string] => [code(name, 40), code(version, 80)]),
  ];
  return folded('Environment, recorded by the judge', table('ll', ['What', 'Recorded'], rows));
}

/** Printed by the submission's own process, folded. It decides nothing. Null when there is nothing. */
export function workerLog(result: Result): string | null {
  const { log, ...more } = result.untrusted;
  const rest =
    Object.keys(more).length === 0 ? '' : `\n\nOther fields that it sent: ${code(JSON.stringify(more), 400)}`;
  if (plain(log, 10) === '' && rest === '') return null;
  return folded(
    'Reported by the worker: not trusted, read by no rule',
    `Everything in this block was printed by the submission itself. Figures in it mean nothing.\n\n${fenced(log)}${rest}`,
  );
}

function clocks({ conditions, device }: Result): string {
  const { samples, locked } = conditions;
  if (device.kind === 'cpu') return 'of the CPU, not locked';
  const mhz = samples.map((sample) => sample.smMHz);
  const range = mhz.length === 0 ? '' : `, ${whole(min(mhz))} to ${whole(max(mhz))} MHz`;
  return `${locked ? 'locked' : '**unlocked**'}${range}`;
}

/** What the judge saw of the GPU between its rounds. */
function looks(samples: Result['conditions']['samples']): [string, string][] {
  if (samples.length === 0) return [];
  const celsius = samples.map((sample) => sample.celsius);
  const watts = samples.map((sample) => sample.watts);
  const throttled = samples.map(({ throttle }) => throttle).filter((throttle) => throttle !== '');
  const of = counted(samples.length, 'look');
  return [
    ['Temperature', `${figure(min(celsius))} to ${figure(max(celsius))} °C`],
    ['Power', `${figure(min(watts))} to ${figure(max(watts))} W`],
    [
      'Throttled',
      throttled.length === 0
        ? `never, in ${of}`
        : `in ${throttled.length} of ${of}: ${codes([...new Set(throttled.flatMap((names) => names.split(' ')))])}`,
    ],
  ];
}

function yardstick(entries: Result['conditions']['yardstick']): [string, string][] {
  return entries.map(({ name, beforeNs, afterNs }): [string, string] => {
    const drift = afterNs / beforeNs - 1;
    const shown = Number.isFinite(drift) ? ` (${drift < 0 ? '−' : '+'}${percent(Math.abs(drift))})` : '';
    return [`Yardstick ${code(name, 60)}`, `${time(beforeNs)} before, ${time(afterNs)} after${shown}`];
  });
}

function codes(names: readonly string[]): string {
  return names
    .slice(0, 20)
    .map((name) => code(name, 60))
    .join(' ');
}

const min = (values: readonly number[]) => values.reduce((a, b) => Math.min(a, b));
const max = (values: readonly number[]) => values.reduce((a, b) => Math.max(a, b));

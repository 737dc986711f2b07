/** Who vouches for what: the judge for the environment it measured in, nobody for what the worker printed. */
import type { Result } from '../evaluations/schema.ts';
import { code, fenced, plain } from './escape.ts';
import { figure, percent, size, whole } from './figures.ts';
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
    ['Yardstick drift', drift(conditions.yardstick)],
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
  const hot = samples.length === 0 ? '' : `, up to ${figure(max(samples.map(({ celsius }) => celsius)))} °C`;
  return `${locked ? 'locked' : 'not locked'}${range}${hot}`;
}

function drift(yardstick: Result['conditions']['yardstick']): string {
  const drifts = yardstick
    .filter(({ beforeNs }) => beforeNs > 0)
    .map(({ beforeNs, afterNs }) => Math.abs(afterNs / beforeNs - 1));
  return drifts.length === 0 ? '–' : percent(max(drifts));
}

function codes(names: readonly string[]): string {
  return names
    .slice(0, 20)
    .map((name) => code(name, 60))
    .join(' ');
}

const min = (values: readonly number[]) => values.reduce((a, b) => Math.min(a, b));
const max = (values: readonly number[]) => values.reduce((a, b) => Math.max(a, b));

/** What the judge's clock found, per length. */
import type { Measurement } from '../evaluations/schema.ts';
import { code } from './escape.ts';
import { figure, percent, size, time, whole } from './figures.ts';
import { table } from './output.ts';

type ClassTiming = Measurement['classes'][number];

/** The class of inputs that the kernel is slowest on; the figure is made of its median. */
export function slowest({ classes }: Measurement): ClassTiming {
  return classes.reduce((a, b) => (b.medianNs > a.medianNs ? b : a));
}

/** Half of the 95 % interval of the figure's time, as a fraction of that time. */
export function spread(measurement: Measurement): number {
  const { medianNs, ciLowNs, ciHighNs } = slowest(measurement);
  return (ciHighNs - ciLowNs) / 2 / (measurement.fixedNs + medianNs);
}

/** One row per length, ascending; the target's is bold. Null without measurements. */
export function lengthsTable(
  measurements: readonly Measurement[],
  targetLength: number | null,
): string | null {
  if (measurements.length === 0) return null;
  const rows = [...measurements]
    .sort((a, b) => a.length - b.length)
    .map((measurement) => {
      const cells = [
        whole(measurement.length),
        figure(measurement.tokensPerSec),
        `± ${percent(spread(measurement))}`,
        figure(measurement.tokensPerSecLow),
        time(measurement.fixedNs + slowest(measurement).medianNs),
        time(slowest(measurement).medianNs),
        figure(measurement.opTokensPerSec),
        size(measurement.peakBytes),
      ];
      return measurement.length === targetLength ? cells.map((cell) => `**${cell}**`) : cells;
    });
  return table(
    'rrrrrrrr',
    ['Length', 'tokens/s', '95 %', 'low end', 'layer', 'op alone', 'op tokens/s', 'peak memory'],
    rows,
  );
}

/** Times of every class of inputs at one length: the judge draws them secretly, and the slowest counts. */
export function classesTable(measurement: Measurement): string {
  const worst = slowest(measurement);
  const rows = [...measurement.classes]
    .sort((a, b) => b.medianNs - a.medianNs)
    .map((timing) => [
      timing === worst ? `${code(timing.input, 60)} ◀` : code(timing.input, 60),
      time(timing.medianNs),
      `± ${percent((timing.ciHighNs - timing.ciLowNs) / 2 / Math.max(1, timing.medianNs))}`,
      time(timing.p90Ns),
      whole(timing.rounds),
    ]);
  return table('lrrrr', ['Inputs', 'median', '95 %', 'p90', 'rounds'], rows);
}

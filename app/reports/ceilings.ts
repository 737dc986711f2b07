/** How far a figure is from what the device can do, and from where everybody began. Shown; no rule reads it. */
import type { Measurement, Result } from '../evaluations/schema.ts';
import { bandwidth, percent, ratio, speed, time, whole } from './figures.ts';
import { slowest } from './measurements.ts';
import type { DecidedState, SubmissionView } from './view.ts';

/** What the judge's copy yardstick of a GPU reads, and writes again. Source: kernels/judge/clock/yardstick.py, FULL. */
export const YARDSTICK_COPY_BYTES = 2 ** 30;

/** Two lines about the measurement at the target length. */
export function ceilings(view: SubmissionView, state: DecidedState, target: Measurement): string {
  return [ofRoofline(view, state.result, target), overUpstream(state, target)]
    .filter((line) => line !== null)
    .map((line) => `- ${line}`)
    .join('\n');
}

/** Null on a CPU, whose copy says little about its memory, and for a task without a roofline. */
function ofRoofline({ task }: SubmissionView, result: Result | null, target: Measurement): string | null {
  const copy = result?.conditions.yardstick.find(({ name }) => name === 'copy');
  if (task.roofline === undefined || result?.device.kind !== 'cuda' || !copy || copy.beforeNs === 0)
    return null;
  const { bytesPerToken } = task.roofline;
  const bytesPerSec = (2 * YARDSTICK_COPY_BYTES * 1e9) / copy.beforeNs;
  const leastNs = (target.length * bytesPerToken * 1e9) / bytesPerSec;
  const opNs = slowest(target).medianNs;
  return `The op runs at **${percent(leastNs / opNs)} of its roofline**: it takes ${time(opNs)}, and moving its ${whole(bytesPerToken)} bytes a token takes this device ${time(leastNs)}, at the ${bandwidth(bytesPerSec)} that the judge measured.`;
}

function overUpstream({ baseline }: DecidedState, target: Measurement): string {
  if (!baseline || baseline.targetLength !== target.length || !(baseline.tokensPerSec > 0))
    return 'Speed-up over the pinned upstream: not known, because upstream itself was not judged at this length.';
  return `**${ratio(target.tokensPerSec / baseline.tokensPerSec)}** as fast as the pinned upstream, which does ${speed(baseline.tokensPerSec)} at this length.`;
}

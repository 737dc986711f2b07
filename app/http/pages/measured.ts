/** The figures of a verdict: gates against their limits, and times per length and input class. */
import type { GateResult, Measurement, Result } from '../../evaluations/schema.ts';
import { plain } from '../../reports/escape.ts';
import { figure, size, time, whole } from '../../reports/figures.ts';
import { type Html, html } from './html.ts';
import { badge } from './words.ts';

export function measured(record: Result, targetLength: number | null): Html {
  return html`${figures(record.measurements, targetLength)}${gates(record.gates)}`;
}

function figures(measurements: readonly Measurement[], targetLength: number | null): Html | false {
  if (measurements.length === 0) return false;
  return html`<h2>Figures</h2><div class="card table"><table class="stack">
<thead><tr><th scope="col">Length</th><th scope="col" class="r">Tokens/s</th><th scope="col" class="r">Low end, scores</th><th scope="col" class="r">Slowest class</th><th scope="col" class="r">Fixed part</th><th scope="col" class="r">Memory</th></tr></thead>
<tbody>${measurements.map((one) => {
    const slowest = one.classes.reduce((slow, other) => (other.medianNs > slow.medianNs ? other : slow));
    return html`<tr>
<td data-label="Length" class="num"><div>${whole(one.length)}${one.length === targetLength && html` ${badge('live', 'target')}`}</div></td>
<td class="r figure" data-label="Tokens/s">${figure(one.tokensPerSec)}</td>
<td class="r num quiet" data-label="Low end, scores">${figure(one.tokensPerSecLow)}</td>
<td class="r num" data-label="Slowest class"><div>${time(slowest.medianNs)}<span class="small quiet">${plain(slowest.input, 40)}</span></div></td>
<td class="r num" data-label="Fixed part">${time(one.fixedNs)}</td>
<td class="r num" data-label="Memory">${one.peakBytes > 0 ? size(one.peakBytes) : '–'}</td></tr>`;
  })}</tbody></table></div>
<details><summary>Times of every input class</summary><div class="card table"><table>
<thead><tr><th scope="col">Length</th><th scope="col">Input class</th><th scope="col" class="r">Median</th><th scope="col" class="r">95 % interval</th><th scope="col" class="r">p90</th><th scope="col" class="r">Rounds</th></tr></thead>
<tbody>${measurements.map((one) =>
    one.classes.map(
      (timing) =>
        html`<tr><td class="num">${whole(one.length)}</td><td>${plain(timing.input, 40)}</td><td class="r num">${time(timing.medianNs)}</td><td class="r num quiet">${time(timing.ciLowNs)} – ${time(timing.ciHighNs)}</td><td class="r num quiet">${time(timing.p90Ns)}</td><td class="r num">${timing.rounds}</td></tr>`,
    ),
  )}</tbody></table></div></details>`;
}

function gates(results: readonly GateResult[]): Html | false {
  if (results.length === 0) return false;
  const failed = results.filter((gate) => !gate.pass);
  const rows = (some: readonly GateResult[]) => html`<div class="card table"><table class="stack">
<thead><tr><th scope="col">Gate</th><th scope="col">Input</th><th scope="col" class="r">Length</th><th scope="col" class="r">Value</th><th scope="col" class="r">Limit</th><th scope="col" class="r">Result</th></tr></thead>
<tbody>${some.map(
    (gate) =>
      html`<tr><td data-label="Gate">${plain(gate.name, 60)}</td><td data-label="Input">${plain(gate.input, 60)}</td><td class="r num" data-label="Length">${gate.length === 0 ? '–' : whole(gate.length)}</td><td class="r num" data-label="Value">${gate.value === null ? 'not finite' : precise(gate.value)}</td><td class="r num quiet" data-label="Limit">${isFloor(gate) ? '≥' : '≤'} ${precise(gate.limit)}</td><td class="r" data-label="Result">${gate.pass ? badge('good', 'pass') : badge('bad', 'fail')}</td></tr>`,
  )}</tbody></table></div>`;
  const passed = results.length - failed.length;
  if (failed.length === 0 && results.length <= 12) return html`<h2>Gates</h2>${rows(results)}`;
  return html`<h2>Gates</h2><p class="quiet">${passed} of ${results.length} passed.</p>${failed.length > 0 && rows(failed)}
<details><summary>All gates</summary>${rows(results)}</details>`;
}

/** A likeness must be at least its limit, an error at most. */
function isFloor(gate: GateResult): boolean {
  return /cosine/.test(gate.name);
}

/** Close to 1, three digits hide the difference that a gate is about. */
function precise(value: number): string {
  return Math.abs(value) > 0.9 && Math.abs(value) < 1.1
    ? String(Number(value.toPrecision(6)))
    : figure(value);
}

/** Attempts to set weights, as the page about them shows the latest and lists the others. */
import { plain } from '../../reports/escape.ts';
import { moment, whole } from '../../reports/figures.ts';
import type { WeightSetDetails } from '../read-model.ts';
import { type Html, html } from './html.ts';
import { badge, type Tone, when } from './words.ts';

const STATES: Readonly<Record<WeightSetDetails['state'], readonly [Tone, string]>> = {
  planned: ['idle', 'planned'],
  signed: ['live', 'sent'],
  included: ['live', 'on chain'],
  verified: ['good', 'read back'],
  failed: ['bad', 'failed'],
};

/** One attempt in full. */
export function latestSet(set: WeightSetDetails, now: number): Html {
  const facts: readonly (readonly [string, Html | string | false])[] = [
    ['State', html`${badge(...STATES[set.state])} ${when(set.updatedAt, now)}`],
    ['Epoch', `${set.epoch}${set.attempt > 1 ? `, attempt ${set.attempt}` : ''}`],
    ['Call', html`<code>${plain(set.call, 80)}</code>, ${set.path}`],
    ['Extrinsic', set.extrinsicHash !== null && html`<code>${plain(set.extrinsicHash, 80)}</code>`],
    [
      'Block',
      set.block !== null && html`${blockAndIndex(set)}<br><code class="digest">${set.blockHash}</code>`,
    ],
    ['Reveal', set.revealRound !== null && reveal(set, now)],
    ['Read back', readBack(set)],
  ];
  return html`<h2>The last call</h2><dl class="card">${facts
    .filter(([, value]) => value !== false)
    .map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`;
}

function reveal({ revealRound, revealAt, revealFromBlock }: WeightSetDetails, now: number): Html {
  return html`drand round ${whole(revealRound ?? 0)}${
    revealAt !== null && html`, published ${revealAt > now ? 'at about' : 'at'} ${moment(revealAt)}`
  }${revealFromBlock !== null && html`; opened from block ${whole(revealFromBlock)} on`}`;
}

function readBack({ state, verifiedBlock, verifiedBy, path, failure }: WeightSetDetails): Html | string {
  if (state === 'verified')
    return html`block ${whole(verifiedBlock ?? 0)}: the row is ours${verifiedBy === 'event' && ', and its reveal was seen'}`;
  if (state === 'failed') return plain(failure ?? 'failed', 600);
  return path === 'timelocked' ? 'after the reveal' : 'once it is in a finalized block';
}

/** All of them as a table, newest first. */
export function weightSets(sets: readonly WeightSetDetails[], now: number): Html | false {
  if (sets.length === 0) return false;
  return html`<h2>History</h2>
<div class="card table"><table class="stack">
<thead><tr><th scope="col">Epoch</th><th scope="col">State</th><th scope="col">Call</th><th scope="col" class="r">Block</th><th scope="col" class="r">Reveal round</th><th scope="col" class="r">Read back</th><th scope="col" class="r">Planned</th></tr></thead>
<tbody>${sets.map((set) => row(set, now))}</tbody></table></div>`;
}

function row(set: WeightSetDetails, now: number): Html {
  const dash = html`<span class="quiet">–</span>`;
  const failure =
    set.state === 'failed' && html`<span class="quiet small">${plain(set.failure ?? '', 200)}</span>`;
  return html`<tr>
<td class="place small">${set.epoch}</td>
<td class="head"><div>${badge(...STATES[set.state])}${set.attempt > 1 && html` <span class="quiet small">attempt ${set.attempt}</span>`}${failure}</div></td>
<td data-label="Call"><code title="${plain(set.call, 80)}">${set.path}</code></td>
<td class="r num" data-label="Block">${set.block === null ? dash : blockAndIndex(set)}</td>
<td class="r num" data-label="Reveal round">${set.revealRound === null ? dash : whole(set.revealRound)}</td>
<td class="r num" data-label="Read back">${set.verifiedBlock === null ? dash : whole(set.verifiedBlock)}</td>
<td class="r num quiet" data-label="Planned">${when(set.createdAt, now)}</td>
</tr>`;
}

function blockAndIndex({ block, extrinsicIndex }: WeightSetDetails): string {
  return `${whole(block ?? 0)}${extrinsicIndex === null ? '' : ` #${extrinsicIndex}`}`;
}

/** `GET /weights`: what the standing pays, the row that says so on chain, and whether the chain has it. */
import { plain } from '../../reports/escape.ts';
import { counted, percent, whole } from '../../reports/figures.ts';
import type { ChainDetails, WeightSetDetails, WeightsDetails } from '../read-model.ts';
import { type Html, html } from './html.ts';
import { page, type Site } from './layout.ts';
import { latestSet, weightSets } from './weight-sets.ts';
import { badge, shortHotkey, type Tone, when } from './words.ts';

/** About a block; the page follows a commit until it is read back. */
const REFRESH_SECONDS = 15;

export interface WeightsPage {
  /** Null before the first decision. */
  readonly weights: WeightsDetails | null;
  /** Null without a chain. */
  readonly chain: ChainDetails | null;
  /** Newest first. */
  readonly sets: readonly WeightSetDetails[];
}

/** The whole page. `now` is unix milliseconds. */
export function weightsPage(site: Site, { weights, chain, sets }: WeightsPage, now: number): string {
  const sent = sets.find(({ state }) => state !== 'planned' && state !== 'failed') ?? null;
  const main = html`<h1>Weights</h1>
<p class="lead">What the standing pays, and the row of weights that says so on chain.</p>
${summary(chain, sent)}
${chain !== null && alerts(chain, now)}
${shares(weights, now)}
${chain !== null && rows(chain, sent)}
${sent !== null && latestSet(sent, now)}
${chain !== null && lastLook(chain, now)}
${weightSets(sets, now)}`;
  return page(site, {
    title: 'Weights',
    description: 'Shares, the row of weights on chain, and whether it was read back.',
    current: 'weights',
    ...(chain === null ? {} : { refreshSeconds: REFRESH_SECONDS }),
    main,
  });
}

function summary(chain: ChainDetails | null, sent: WeightSetDetails | null): Html {
  if (chain === null)
    return banner(
      'idle',
      'No chain is configured',
      'The shares below are computed and recorded; nothing is read from a chain and nothing is sent to one.',
    );
  const [tone, title, detail] = standingOf(chain, sent);
  return banner(tone, title, detail, facts(chain));
}

function standingOf(chain: ChainDetails, sent: WeightSetDetails | null): [Tone, string, string] {
  if (chain.lookedAt === null)
    return ['live', 'Not looked at yet', 'The App connects to the chain; come back in a minute.'];
  const page = chain.alerts.find(({ severity }) => severity === 'page');
  if (page !== undefined) return ['bad', 'Something needs the operator', plain(page.message, 600)];
  if (chain.dryRun)
    return [
      'idle',
      'Dry run',
      chain.uids === null
        ? 'No wallet is configured, and there is no row to send now.'
        : 'No wallet is configured: the row below is what would be sent, and nothing is.',
    ];
  if (sent === null)
    return ['idle', 'Nothing was sent yet', 'Weights are sent in the last blocks of an epoch.'];
  if (sent.state === 'verified')
    return [
      'good',
      `Read back in block ${whole(sent.verifiedBlock ?? 0)}`,
      'The chain stores exactly the row that was sent.',
    ];
  if (sent.state === 'included')
    return sent.path === 'timelocked'
      ? ['live', 'On chain, sealed', 'The row is committed and opens by itself; then it is read back.']
      : ['live', 'On chain', 'The call is in a finalized block; its row is read back next.'];
  return ['live', 'Sent', 'The call is signed and sent; no finalized block has it yet.'];
}

function facts({ block, nextEpochBlock, own, path, verifiedBlock, specVersion }: ChainDetails): Html | false {
  if (block === null) return false;
  const fact = (value: string, name: string) => html`<li><b>${value}</b><span>${name}</span></li>`;
  return html`<ul class="facts">
${fact(whole(block), `finalized block${specVersion === null ? '' : `, runtime ${specVersion}`}`)}
${nextEpochBlock !== null && fact(counted(Math.max(0, nextEpochBlock - block), 'block'), 'until the epoch')}
${path !== 'none' && fact(path, 'weights')}
${own !== null && fact(`uid ${own.uid}`, own.permit ? 'with validator permit' : 'without validator permit')}
${verifiedBlock !== null && fact(counted(Math.max(0, block - verifiedBlock), 'block'), 'since a row was read back')}
</ul>`;
}

function alerts({ alerts: all }: ChainDetails, now: number): Html | false {
  if (all.length === 0) return false;
  return html`<h2>Alerts</h2><ul class="rows card">${all.map(
    ({ code, severity, message, startedAt }) => html`<li>
${badge(severity === 'page' ? 'bad' : 'warn', code.replaceAll('_', ' '))}
<span class="grow">${plain(message, 600)}</span>
<span class="end quiet small">first seen ${when(startedAt, now)}</span>
</li>`,
  )}</ul>`;
}

function shares(weights: WeightsDetails | null, now: number): Html {
  if (weights === null)
    return html`<h2>Shares</h2><section class="card empty"><p class="quiet">Nothing was decided yet.</p></section>`;
  const left = 1 - weights.shares.reduce((sum, { share }) => sum + share, 0);
  const placeOf = new Map(weights.places.map((place) => [place.hotkey, place]));
  return html`<h2>Shares <span class="quiet small">changed ${when(weights.createdAt, now)}</span></h2>
<div class="card table"><table class="stack">
<thead><tr><th scope="col"><span aria-label="Place">#</span></th><th scope="col">Hotkey</th><th scope="col">Submission</th><th scope="col" class="r">Share</th></tr></thead>
<tbody>${weights.shares.map(({ hotkey, share }) => {
    const place = placeOf.get(hotkey);
    return html`<tr>
<td class="place">${place?.place ?? '–'}</td>
<td class="head">${shortHotkey(hotkey)}</td>
<td data-label="Submission">${place === undefined ? '–' : html`<a href="/submissions/${place.submission}">submission ${place.submission}</a>`}</td>
<td class="r num figure" data-label="Share">${percent(share)}</td>
</tr>`;
  })}${
    // thirds leave a rounding error
    left > 1e-9 &&
    html`<tr><td class="place">–</td><td class="head quiet">places that nobody holds: the subnet owner</td><td data-label="Submission" class="quiet">–</td><td class="r num figure" data-label="Share">${percent(left)}</td></tr>`
  }</tbody></table></div>`;
}

/** The row that was sent, and the one that would be where that is another. */
function rows(chain: ChainDetails, sent: WeightSetDetails | null): Html | false {
  const now =
    chain.uids === null || chain.values === null ? null : { uids: chain.uids, values: chain.values };
  if (sent === null)
    return now !== null && rowTable(chain.dryRun ? 'The row that would be sent' : 'The next row', now, chain);
  const same = now !== null && String([now.uids, now.values]) === String([sent.uids, sent.values]);
  return html`${rowTable('The row that was sent', sent, chain)}${
    now !== null && !same && rowTable('The row that would be sent now', now, chain)
  }`;
}

function rowTable(
  title: string,
  { uids, values }: { readonly uids: readonly number[]; readonly values: readonly number[] },
  { receivers }: ChainDetails,
): Html {
  const total = values.reduce((sum, value) => sum + value, 0);
  const known = new Map(receivers.map((receiver) => [receiver.uid, receiver]));
  return html`<h2>${title}</h2>
<div class="card table"><table class="stack">
<thead><tr><th scope="col">uid</th><th scope="col">Hotkey</th><th scope="col" class="r">Value</th><th scope="col" class="r">Of the whole</th></tr></thead>
<tbody>${uids.map((uid, at) => {
    const value = values[at] ?? 0;
    const receiver = known.get(uid);
    return html`<tr>
<td class="place">${uid}</td>
<td class="head"><div>${receiver === undefined ? html`<span class="quiet">–</span>` : shortHotkey(receiver.hotkey)}${roleNote(receiver?.role)}</div></td>
<td class="r num figure" data-label="Value">${whole(value)}</td>
<td class="r num" data-label="Of the whole">${percent(total === 0 ? 0 : value / total)}</td>
</tr>`;
  })}</tbody></table></div>`;
}

function roleNote(role: ChainDetails['receivers'][number]['role'] | undefined): Html | false {
  if (role === 'owner') return html` <span class="quiet small">the subnet owner, who burns it</span>`;
  return (
    role === 'padding' && html` <span class="quiet small">fills up to the least number of entries</span>`
  );
}

function lastLook({ steps, lookedAt, endpoint }: ChainDetails, now: number): Html | false {
  if (lookedAt === null) return false;
  return html`<h2>The last look <span class="quiet small">${when(lookedAt, now)}${endpoint !== null && html`, at ${plain(endpoint, 80)}`}</span></h2>
${steps.length === 0 ? html`<p class="quiet">Nothing was to be done.</p>` : html`<ul class="rows card">${steps.map(({ kind, message }) => html`<li>${badge('idle', kind.replaceAll('_', ' '))}<span class="grow">${plain(message, 600)}</span></li>`)}</ul>`}`;
}

function banner(tone: Tone, title: string, detail: string, more: Html | false = false): Html {
  return html`<section class="card verdict v-${tone}"><h2>${title}</h2><p class="quiet">${detail}</p>${more}</section>`;
}

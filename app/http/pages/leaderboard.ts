/** `GET /`: who leads, what runs, what was decided. */
import { plain } from '../../reports/escape.ts';
import { counted, figure, percent, whole } from '../../reports/figures.ts';
import type { EndedSubmission, Leaderboard, LiveSubmission, RankedEntry, TaskBoard } from '../read-model.ts';
import { type Html, html } from './html.ts';
import { page, type Site } from './layout.ts';
import { badge, forkName, progressInWords, reasonInWords, shortHotkey, toneOfReason, when } from './words.ts';

/** The whole page. `now` is unix milliseconds. */
export function leaderboardPage(site: Site, board: Leaderboard, now: number): string {
  const many = board.boards.length > 1;
  const main = html`<h1>Leaderboard</h1>
<p class="lead">The fastest correct QuasarAttention kernels. The low end of the measured tokens/s, times the multiplier of the league, is the score.</p>
${facts(board, now)}
${board.boards.map((one) => taskBoard(one, many, now))}
${live(board.live, now)}
${recent(board.recent, now)}`;
  return page(site, {
    title: 'Leaderboard',
    description: 'Measured figures of QuasarAttention kernels, ranked by score.',
    current: 'leaderboard',
    main,
  });
}

function facts({ boards, live: open, runners }: Leaderboard, now: number): Html {
  const ranked = boards.reduce((sum, one) => sum + one.entries.length, 0);
  const running = open.filter(({ state }) => state === 'running').length;
  return html`<ul class="facts">
<li><b>${whole(ranked)}</b><span>ranked</span></li>
<li><b>${whole(running)}</b><span>running</span></li>
<li><b>${whole(open.length - running)}</b><span>queued</span></li>
${runners !== null && runnerFact(runners, now)}
</ul>`;
}

function runnerFact(runners: NonNullable<Leaderboard['runners']>, now: number): Html {
  if (runners.offlineSince !== null)
    return html`<li><b>no runner</b><span>since ${when(runners.offlineSince, now)}</span></li>`;
  return html`<li><b>${whole(runners.online)}</b><span>${runners.online === 1 ? 'runner' : 'runners'} online, ${whole(runners.busy)} busy</span></li>`;
}

function taskBoard(board: TaskBoard, named: boolean, now: number): Html {
  const heading =
    named && html`<h2>${board.task} <span class="quiet small">version ${board.taskVersion}</span></h2>`;
  const best = Math.max(...board.entries.map((entry) => entry.score), 0);
  if (board.entries.length === 0)
    return html`${heading}<section class="card empty"><h2>Nobody holds a place yet</h2>
<p class="quiet">The first kernel that passes every gate leads.</p><p><a class="button" href="/join">Join</a></p></section>`;
  return html`${heading}<div class="card table"><table class="stack">
<thead><tr><th scope="col"><span aria-label="Place">#</span></th><th scope="col">Miner</th><th scope="col">League</th><th scope="col" class="r">Tokens/s</th><th scope="col">Score</th><th scope="col" class="r">Share</th><th scope="col" class="r">Pushed</th></tr></thead>
<tbody>${board.entries.map((entry) => row(entry, best, now))}</tbody>
</table></div>`;
}

function row(entry: RankedEntry, best: number, now: number): Html {
  return html`<tr${entry.rank === 1 && html` class="first"`}>
<td class="place">${entry.rank}</td>
<td class="head"><div><a href="/submissions/${entry.submission}">${forkName(entry.fork)}</a><span class="small quiet">${shortHotkey(entry.hotkey)}</span></div></td>
<td data-label="League"><div>${plain(entry.league, 20)} <span class="quiet small">× ${entry.multiplier}</span></div></td>
<td class="r" data-label="Tokens/s"><div><span class="figure">${figure(entry.tokensPerSec)}</span><span class="small quiet num" title="low end of the 95 % confidence interval">≥ ${figure(entry.tokensPerSecLow)}</span></div></td>
<td class="wrap" data-label="Score"><span class="figure">${figure(entry.score)}</span>${bar(best > 0 ? entry.score / best : 0)}</td>
<td class="r num" data-label="Share">${entry.share > 0 ? percent(entry.share) : html`<span class="quiet">–</span>`}</td>
<td class="r num quiet" data-label="Pushed">${when(entry.receivedAt, now)}</td>
</tr>`;
}

/** Decoration: the figure beside it says the same. */
function bar(fraction: number): Html {
  const width = Math.max(1, Math.min(100, fraction * 100)).toFixed(1);
  return html`<svg class="bar" viewBox="0 0 100 5" preserveAspectRatio="none" aria-hidden="true"><rect class="t" width="100" height="5" rx="1.5"/><rect class="v" width="${width}" height="5" rx="1.5"/></svg>`;
}

function live(items: readonly LiveSubmission[], now: number): Html | false {
  if (items.length === 0) return false;
  return html`<h2>${counted(items.length, 'submission')} under way</h2>
<ul class="rows card">${items.map(
    (item) => html`<li>
${item.state === 'running' ? badge('live', 'Running') : badge('idle', 'Queued')}
<span class="grow"><a href="/submissions/${item.submission}">${forkName(item.fork)}</a> ${shortHotkey(item.hotkey)}</span>
<span class="quiet small">${item.state === 'running' ? progressInWords(item.progress) : 'waiting for a runner'}</span>
<span class="end quiet small">pushed ${when(item.receivedAt, now)}</span>
</li>`,
  )}</ul>`;
}

function recent(items: readonly EndedSubmission[], now: number): Html | false {
  if (items.length === 0) return false;
  return html`<h2>Recent verdicts</h2>
<ul class="rows card">${items.map(
    (item) => html`<li>
${badge(toneOfReason(item.reason), item.reason.replaceAll('_', ' '))}
<span class="grow"><a href="/submissions/${item.submission}">${forkName(item.fork)}</a> <span class="quiet small">${item.reason === 'accepted' ? '' : reasonInWords(item.reason)}</span></span>
${item.tokensPerSec !== null && html`<span class="num small">${figure(item.tokensPerSec)} tokens/s</span>`}
<span class="end quiet small">${when(item.endedAt, now)}</span>
</li>`,
  )}</ul>`;
}

/** `GET /submissions/:id`: the whole way of one submission. */
import { CHECK_NAMES } from '../../evaluations/reasons.ts';
import { plain } from '../../reports/escape.ts';
import { figure, ordinal, percent, whole } from '../../reports/figures.ts';
import type { DecisionDetails, SubmissionDetails } from '../read-model.ts';
import { evidence } from './evidence.ts';
import { type Html, html, link } from './html.ts';
import { page, type Site } from './layout.ts';
import { measured } from './measured.ts';
import {
  badge,
  exactly,
  forkName,
  progressInWords,
  reasonInWords,
  type Tone,
  toneOfConclusion,
  toneOfReason,
} from './words.ts';

/** A page that shows work in progress loads itself again. */
const REFRESH_SECONDS = 15;

export function submissionPage(site: Site, submission: SubmissionDetails): string {
  const main = html`<p class="small"><a href="/">Leaderboard</a></p>
<h1>${forkName(submission.fork)}</h1>
${subtitle(submission)}
${verdict(submission)}
${checks(submission)}
${findings(submission)}
${submission.record !== null && measured(submission.record, submission.targetLength)}
${timeline(submission)}
${evidence(submission)}`;
  return page(site, {
    title: `Submission ${submission.id}`,
    description: 'How one submission was judged.',
    ...(submission.state === 'ended' ? {} : { refreshSeconds: REFRESH_SECONDS }),
    main,
  });
}

function subtitle(submission: SubmissionDetails): Html {
  const { links, league, targetLength, sha, branch } = submission;
  const commit =
    sha !== null &&
    html` · ${link(links.commit, html`<code>${sha.slice(0, 12)}</code>`)}${branch !== null && html` on <code>${plain(branch, 80)}</code>`}`;
  return html`<p class="lead">Submission ${submission.id}${commit}${
    targetLength !== null && html` · target ${whole(targetLength)} tokens`
  }${league !== null && html` · league ${league.name} × ${league.multiplier}`}</p>
<p class="small">${submission.hotkey !== null && html`<code>${plain(submission.hotkey, 64)}</code>`}</p>`;
}

function verdict(submission: SubmissionDetails): Html {
  const { decision } = submission;
  if (decision !== null) return decided(decision, submission.claimedTokensPerSec);
  if (submission.supersededBy !== null)
    return banner(
      'idle',
      'Superseded',
      html`A newer push took its place: <a href="/submissions/${submission.supersededBy}">submission ${submission.supersededBy}</a>.`,
    );
  if (submission.state === 'running')
    return banner('live', 'Being judged', html`A runner is ${progressInWords(submission.progress)}.`);
  if (submission.state === 'queued') return banner('live', 'Queued', html`It waits for a runner.`);
  return notJudged(submission.reason);
}

function notJudged(reason: SubmissionDetails['reason']): Html {
  if (reason === 'other_branch')
    return banner('idle', 'Not judged', html`<code>quasar.yml</code> names another branch to be judged.`);
  if (reason === null) return banner('idle', 'Not judged', html`The check-runs say why.`);
  const next = reason === 'unlinked' && html` <a href="/join">How to link it.</a>`;
  return banner(toneOfReason(reason), 'Not judged', html`${reasonInWords(reason)}.${next}`);
}

function decided(decision: DecisionDetails, claimed: number | null): Html {
  const { rank, share, tokensPerSec, tokensPerSecLow, score } = decision;
  const place = rank === null ? '' : `, ${ordinal(rank)} place`;
  const figures =
    tokensPerSec !== null &&
    html`<ul class="facts">
<li><b>${figure(tokensPerSec)}</b><span>tokens/s</span></li>
${tokensPerSecLow !== null && html`<li><b>${figure(tokensPerSecLow)}</b><span>low end of the interval</span></li>`}
${score !== null && html`<li><b>${figure(score)}</b><span>score</span></li>`}
${share !== null && share > 0 && html`<li><b>${percent(share)}</b><span>share</span></li>`}
${claimed !== null && html`<li><b>${figure(claimed)}</b><span>claimed</span></li>`}
</ul>`;
  const detail = decision.reason === 'accepted' ? '' : plain(decision.detail, 1000);
  return banner(
    toneOfReason(decision.reason),
    `${reasonInWords(decision.reason)}${place}`,
    html`${detail}`,
    figures,
  );
}

function banner(tone: Tone, title: string, detail: Html, more: Html | false = false): Html {
  return html`<section class="card verdict v-${tone}"><h2>${title}</h2><p class="quiet">${detail}</p>${more}</section>`;
}

function checks({ checks: all }: SubmissionDetails): Html | false {
  if (all.length === 0) return false;
  const inOrder = CHECK_NAMES.flatMap((name) => all.filter((check) => check.name === name));
  return html`<div class="checks">${inOrder.map((check) => {
    const state =
      check.conclusion === null
        ? badge(check.status === 'queued' ? 'idle' : 'live', check.status.replaceAll('_', ' '))
        : badge(toneOfConclusion(check.conclusion), check.conclusion.replaceAll('_', ' '));
    return html`<div class="card"><span>${link(check.url, `Quasar / ${check.name}`)}</span>${state}</div>`;
  })}</div>`;
}

function findings({ findings: all }: SubmissionDetails): Html | false {
  if (all.length === 0) return false;
  return html`<h2>Findings</h2><div class="card">${all.map(
    (finding) => html`<div class="finding">
<div><code>${plain(finding.file, 200)}:${finding.line}:${finding.column}</code> <span class="badge idle">${plain(finding.rule, 60)}</span></div>
<p>${plain(finding.message, 600)}</p><p class="quiet small">${plain(finding.advice, 600)}</p></div>`,
  )}</div>`;
}

function timeline({ timeline: steps }: SubmissionDetails): Html | false {
  if (steps.length === 0) return false;
  return html`<h2>What happened</h2><ol class="card timeline">${steps.map(
    (step) => html`<li>${plain(step.what, 300)}${exactly(step.at)}</li>`,
  )}</ol>`;
}

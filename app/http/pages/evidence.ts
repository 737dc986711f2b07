/** What lets a reader check a verdict: files and digests, device and versions, and what the kernel printed. */
import type { Result } from '../../evaluations/schema.ts';
import { plain } from '../../reports/escape.ts';
import { size } from '../../reports/figures.ts';
import type { SubmissionDetails } from '../read-model.ts';
import { type Html, html, link } from './html.ts';

export function evidence(submission: SubmissionDetails): Html {
  return html`${files(submission)}${submission.record !== null && conditions(submission.record, submission)}`;
}

function files(submission: SubmissionDetails): Html | false {
  const { links, contentDigest, codeDigest } = submission;
  if (submission.files.length === 0) return false;
  const diffs = [
    links.againstUpstream !== null && link(links.againstUpstream, 'compare with upstream'),
    links.againstPrevious !== null && html` · ${link(links.againstPrevious, 'with the previous submission')}`,
  ];
  return html`<h2>Files</h2>${diffs.some(Boolean) && html`<p class="small">${diffs}</p>`}
<div class="card table"><table>
<thead><tr><th scope="col">Path</th><th scope="col" class="r">Size</th><th scope="col">sha256</th></tr></thead>
<tbody>${submission.files.map(
    (file) =>
      html`<tr><td><code>${plain(file.path, 200)}</code></td><td class="r num">${size(file.bytes)}</td><td><code class="digest">${file.sha256}</code></td></tr>`,
  )}</tbody></table></div>
<p class="small quiet after">${contentDigest !== null && html`Content digest <code class="digest">${contentDigest}</code>`}${codeDigest !== null && html`<br>Code digest <code class="digest">${codeDigest}</code>`}</p>`;
}

function conditions(record: Result, submission: SubmissionDetails): Html {
  const { device, judge, sandbox, conditions: around, upstream } = record;
  const versions = Object.entries(around.versions).map(([name, version]) => `${name} ${version}`);
  const rows: [string, Html | string][] = [
    ['Task', `${submission.task}, version ${submission.taskVersion}`],
    [
      'Device',
      [
        plain(device.name, 100),
        device.driver === '' ? '' : `driver ${plain(device.driver, 40)}`,
        size(device.memoryBytes),
      ]
        .filter(Boolean)
        .join(', '),
    ],
    ['Clocks', around.locked ? 'locked' : 'not locked'],
    ['Judge', html`<code>${plain(judge.commit, 80)}</code>`],
    ['Upstream tree', html`<code>${upstream.tree}</code>`],
    [
      'Sandbox',
      plain(
        `${sandbox.active.join(', ')}${sandbox.missing.length > 0 ? `; missing: ${sandbox.missing.join(', ')}` : ''}`,
        400,
      ),
    ],
    ['Versions', plain(versions.join(', '), 600)],
    ['Key', html`<code class="digest">${record.key.value}</code>`],
  ];
  const { log } = record.untrusted;
  return html`<h2>Conditions</h2><dl class="card">${rows.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>
${log !== '' && html`<details><summary>What the kernel printed (nothing is read from it)</summary><pre>${log.slice(-20_000)}</pre></details>`}`;
}

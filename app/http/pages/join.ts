/** `GET /join`: from nothing to a linked fork, with commands that can be copied as they stand. */
import { whole } from '../../reports/figures.ts';
import { LEAGUES } from '../../scoring/league.ts';
import type { CliBundle, JoinInfo, JoinTask } from '../read-model.ts';
import { type Html, html, link } from './html.ts';
import { page, type Site } from './layout.ts';

export function joinPage(site: Site, info: JoinInfo, cli: Pick<CliBundle, 'sha256'> | null): string {
  const main = html`<h1>Join</h1>
<p class="lead">Your fork is your entry. Push a kernel to it, and the verdict appears as check-runs on the commit.</p>
<ul class="facts">
<li><b>${info.network}</b><span>network</span></li>
<li><b>${info.netuid}</b><span>netuid</span></li>
<li><b>${sharesInWords(info.shares)}</b><span>shares of places 1 to ${info.shares.length}</span></li>
</ul>
<ol class="steps">
<li><h2>Fork the repository</h2>${info.tasks.map(forkStep)}</li>
<li><h2>Install the App on your fork</h2>
<p>It reads contents and writes check-runs, nothing else. Choose only the fork.</p>
${info.installUrl === null ? html`<p class="quiet">The operator can give you the address of the App.</p>` : html`<p>${link(info.installUrl, 'Install the App', 'button')}</p>`}</li>
<li><h2>Get the command</h2>
<p>One file for Node 20.19 or newer, without dependencies. Check what you got before you run it.</p>
${getCommand(info, cli)}</li>
<li><h2>Link your hotkey</h2>
<p>Inside your checkout. It writes <code>quasar.yml</code>, with a signature that ties the hotkey to this one repository.</p>
${info.tasks.slice(0, 1).map((task) => linkStep(info, task))}
${leagues()}</li>
<li><h2>Check and push</h2>
${info.tasks.slice(0, 1).map(
  (task) => html`<pre>node cli.mjs check --path . --task ${task.name}
git add quasar.yml &amp;&amp; git commit -m "Link my hotkey" &amp;&amp; git push</pre>`,
)}
</li>
</ol>
<h2>What happens after a push</h2>
<ul class="rows card">
<li><span class="grow"><h3>Quasar / imports</h3><span class="quiet">Syntax and imports of the five files, in about a second. Nothing is run yet.</span></span></li>
<li><span class="grow"><h3>Quasar / logits</h3><span class="quiet">A runner compares your kernel with the reference, on inputs you do not know beforehand.</span></span></li>
<li><span class="grow"><h3>Quasar / benchmark</h3><span class="quiet">Tokens/s at every length, the score, and your place on the leaderboard.</span></span></li>
</ul>
<p class="quiet small">A newer push replaces one that is still waiting. Code that somebody else pushed first is a copy and does not rank. A claim is optional; measuring less than 0.9 of it scores 0.</p>`;
  return page(site, {
    title: 'Join',
    description: 'How to register a fork and compete.',
    current: 'join',
    main,
  });
}

function forkStep(task: JoinTask): Html {
  return html`<p>Task <code>${task.name}</code>: fork ${link(task.upstreamUrl, task.upstreamUrl.replace(/^https?:\/\//, ''))}. Only these files are taken from it; everything else comes from the pinned upstream:</p>
<ul class="small">${task.targetFiles.map((file) => html`<li><code>${file}</code></li>`)}</ul>`;
}

function getCommand(info: JoinInfo, cli: Pick<CliBundle, 'sha256'> | null): Html {
  if (cli === null)
    return html`<pre>curl -fsSLO ${info.appUrl}/cli.mjs</pre>
<p class="quiet">The file is not built on this server yet: its operator runs <code>npm run build</code>.</p>`;
  return html`<pre>curl -fsSLO ${info.appUrl}/cli.mjs
echo "${cli.sha256}  cli.mjs" | sha256sum -c -</pre>`;
}

function sharesInWords(shares: readonly number[]): string {
  return `${shares.map((share) => Number((share * 100).toFixed(2))).join(' / ')} %`;
}

/** A length that the task takes: of the lowest league where it can be. */
function exampleLength({ targetLengths: { min, max } }: JoinTask): number {
  return Math.min(max, Math.max(min, 100_000));
}

function linkStep({ appUrl, network, netuid }: JoinInfo, task: JoinTask): Html {
  return html`<pre>node cli.mjs link --write --task ${task.name} --target-length ${exampleLength(task)} \\
  --repo OWNER/NAME --referee ${appUrl} \\
  --hotkey-file ~/.bittensor/wallets/WALLET/hotkeys/HOTKEY</pre>
<p>What you compete for stands in that file, and you may edit it. Without <code>branch</code> the default branch of the fork is judged.</p>
${yml(task)}
<details><summary>The key is on another machine</summary>
<p>Print the exact message, sign it where the key is, and bring back the signature, which is no secret:</p>
<pre>node cli.mjs link --print --hotkey SS58 --repo OWNER/NAME --referee ${appUrl}
btcli wallet sign --wallet-name WALLET --hotkey HOTKEY --use-hotkey --message 'MESSAGE'
node cli.mjs link --write --hotkey SS58 --signature HEX --task ${task.name} --target-length ${exampleLength(task)} \\
  --repo OWNER/NAME --referee ${appUrl}</pre>
<p>The message is one line: <code>quasar-referee/link/v1 network=${network} netuid=${netuid} repo=… owner=… hotkey=…</code></p></details>`;
}

function yml(task: JoinTask): Html {
  return html`<pre>task: ${task.name}
hotkey: 5…                         # written by the command
signature: 0x…                     # written by the command
target_sequence_length: ${exampleLength(task)}
# claimed_tokens_per_sec: 400000   # optional
# branch: main                     # optional</pre>
<p class="quiet small">${whole(task.targetLengths.min)} to ${whole(task.targetLengths.max)} tokens. The length decides the league.</p>`;
}

function leagues(): Html {
  return html`<details><summary>Leagues and multipliers</summary><div class="card table"><table>
<thead><tr><th scope="col">League</th><th scope="col" class="r">From target length</th><th scope="col" class="r">Multiplier</th></tr></thead>
<tbody>${LEAGUES.map(
    (league) =>
      html`<tr><td>${league.name}</td><td class="r num">${whole(league.minLength)}</td><td class="r num">× ${league.multiplier}</td></tr>`,
  )}</tbody></table></div></details>`;
}

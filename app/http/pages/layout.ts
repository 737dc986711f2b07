/** The frame of every page. */
import { type HttpError, html as htmlReply, type Reply } from '../reply.ts';
import { type Html, html } from './html.ts';

export interface Site {
  readonly network: string;
  readonly netuid: number;
  readonly version: string;
}

interface PageParts {
  readonly title: string;
  readonly description: string;
  readonly current?: 'leaderboard' | 'weights' | 'join';
  /** Reload by itself, for a page that shows work in progress. */
  readonly refreshSeconds?: number;
  readonly main: Html;
}

export const LOGO = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" width="28" height="28"><g fill="none" stroke-linecap="round"><path d="M16 3v8M16 21v8" stroke="#f2a93b" stroke-width="2.4"/><ellipse cx="16" cy="16" rx="13" ry="4.6" stroke="#7c6cf0" stroke-width="2.4" transform="rotate(-24 16 16)"/></g><circle cx="16" cy="16" r="3.4" fill="#f2a93b"/></svg>`;

export function page(site: Site, parts: PageParts): string {
  const tab = (name: PageParts['current'], path: string, label: string) =>
    html`<a href="${path}"${parts.current === name && html` aria-current="page"`}>${label}</a>`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="description" content="${parts.description}">
${parts.refreshSeconds !== undefined && html`<meta http-equiv="refresh" content="${parts.refreshSeconds}">`}
<title>${parts.title} · Quasar Referee</title>
<link rel="icon" href="/logo.svg" type="image/svg+xml">
<link rel="stylesheet" href="/style.css">
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header class="top"><div class="wide">
<a class="brand" href="/"><img src="/logo.svg" alt="" width="28" height="28"><span>Quasar Referee</span></a>
<nav aria-label="Main">${tab('leaderboard', '/', 'Leaderboard')}${tab('weights', '/weights', 'Weights')}${tab('join', '/join', 'Join')}</nav>
<span class="net" title="Bittensor network and subnet">${site.network} · subnet ${site.netuid}</span>
</div></header>
<main id="main" class="wide">
${parts.main}
</main>
<footer class="wide">
<span>Quasar Referee ${site.version}</span>
<a href="/api/v1/leaderboard">JSON</a>
<a href="/health">Health</a>
</footer>
</body>
</html>
`.markup;
}

/** An error as a page, for browsers. */
export function errorPage(site: Site): (error: HttpError, requestId: string) => Reply {
  return (error, requestId) => {
    const said = error.userMessage;
    const main = html`<section class="empty">
<p class="code">${error.status}</p>
<h1>${said.charAt(0).toUpperCase()}${said.slice(1)}.</h1>
<p><a class="button" href="/">To the leaderboard</a></p>
<p class="quiet small">Request <code>${requestId}</code></p>
</section>`;
    return htmlReply(
      error.status,
      page(site, { title: String(error.status), description: said, main }),
      error.headers,
    );
  };
}

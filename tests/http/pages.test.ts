import { describe, expect, it } from 'vitest';
import { INTAKE_REASONS, JUDGE_REASONS } from '../../app/evaluations/reasons.ts';
import { address, html, link } from '../../app/http/pages/html.ts';
import { joinPage } from '../../app/http/pages/join.ts';
import { errorPage } from '../../app/http/pages/layout.ts';
import { leaderboardPage } from '../../app/http/pages/leaderboard.ts';
import { pageRoutes } from '../../app/http/pages/routes.ts';
import { submissionPage } from '../../app/http/pages/submission.ts';
import { reasonInWords } from '../../app/http/pages/words.ts';
import { running } from './running.ts';
import { aLeaderboard, anEntry, aReadModel, aRecord, aSubmission, JOIN, NOW } from './samples.ts';

const SITE = { network: 'finney', netuid: 24, version: '0.1.0' };
const EVIL = '"><script>alert(1)</script><img src=x onerror=alert(2)>\u202e';
const HARMLESS = (page: string) => {
  expect(page).not.toContain('<script');
  expect(page).not.toContain('<img src=x');
  expect(page).not.toContain('\u202e');
};

describe('html', () => {
  it('escapes strings in text and attributes, and leaves templates alone', () => {
    expect(html`<p title="${`"'<`}">${'a & b'}${html`<b>${'<i>'}</b>`}</p>`.markup).toBe(
      '<p title="&#34;&#39;&#60;">a &#38; b<b>&#60;i&#62;</b></p>',
    );
  });

  it('leaves nothing of null, undefined and false, but shows zero', () => {
    expect(html`[${null}${undefined}${false}${0}${['a', 1]}]`.markup).toBe('[0a1]');
  });

  it.each([
    ['https://github.com/a', 'https://github.com/a'],
    ['/submissions/1', '/submissions/1'],
    ['//evil.example', null],
    ['javascript:alert(1)', null],
    ['data:text/html,x', null],
  ])('takes the address %s as %s', (url, taken) => {
    expect(address(url)).toBe(taken);
  });

  it('shows the text alone where the address is no address', () => {
    expect(link('javascript:alert(1)', 'here').markup).toBe('here');
  });
});

describe('leaderboard page', () => {
  it('shows places, figures, shares, what runs and what was decided', () => {
    const page = leaderboardPage(SITE, aLeaderboard(), NOW);
    for (const text of ['561,204', '1,673,640', '60 %', '5GrwvaEF…utQY', '3 h ago', 'timing 31 of 120'])
      expect(page).toContain(text);
    expect(page).toContain('An output is outside its limit');
    expect(page).toContain('finney · subnet 24');
  });

  it('does not name a private repository', () => {
    const page = leaderboardPage(SITE, aLeaderboard(), NOW);
    expect(page).toContain('private repository');
  });

  it('invites when nobody holds a place, and says since when no runner is online', () => {
    const board = aLeaderboard({
      boards: [{ task: 'quasar', taskVersion: 1, entries: [] }],
      live: [],
      recent: [],
      runners: { online: 0, busy: 0, offlineSince: NOW - 3_600_000 },
    });
    const page = leaderboardPage(SITE, board, NOW);
    expect(page).toContain('Nobody holds a place yet');
    expect(page).toMatch(/no runner<\/b><span>since <time [^>]*>1 h ago/);
  });

  it('makes names that a miner chose harmless', () => {
    const fork = { owner: EVIL, name: EVIL };
    const entry = anEntry({ fork, hotkey: EVIL, league: EVIL });
    const board = aLeaderboard();
    HARMLESS(
      leaderboardPage(
        SITE,
        {
          ...board,
          boards: [{ task: EVIL, taskVersion: 1, entries: [entry] }, ...board.boards],
          live: board.live.map((one) => ({ ...one, fork, hotkey: EVIL })),
          recent: board.recent.map((one) => ({ ...one, fork })),
        },
        NOW,
      ),
    );
  });

  it('stays small when a name is a megabyte', () => {
    const fork = { owner: 'x'.repeat(1_000_000), name: 'y' };
    const entries = [anEntry({ fork })];
    const page = leaderboardPage(
      SITE,
      aLeaderboard({ boards: [{ task: 'quasar', taskVersion: 1, entries }] }),
      NOW,
    );
    expect(page.length).toBeLessThan(40_000);
  });
});

describe('submission page', () => {
  it('shows the verdict, the checks, figures per length and class, gates, digests and the way here', () => {
    const page = submissionPage(SITE, aSubmission());
    for (const text of [
      'Accepted, 1st place',
      'Quasar / benchmark',
      '1,000,000',
      'long_memory',
      'op_rel_rms',
      '≥ 0.99',
      '≤ 0.015',
      '0.999981',
      'Claimed by a runner',
      '2026-11-21 10:50:16 UTC',
      '7'.repeat(64),
      'NVIDIA H200',
    ])
      expect(page).toContain(text);
    expect(page).not.toContain('http-equiv="refresh"');
  });

  it('reloads itself while the submission is under way', () => {
    const running = aSubmission({
      state: 'running',
      decision: null,
      record: null,
      progress: { stage: 'public', done: 3, total: 6 },
    });
    const page = submissionPage(SITE, running);
    expect(page).toContain('A runner is checking gates 3 of 6.');
    expect(page).toContain('http-equiv="refresh"');
  });

  it('puts failed gates first and folds the others', () => {
    const gates = aRecord().gates.map((gate, i) => (i === 1 ? { ...gate, value: null, pass: false } : gate));
    const page = submissionPage(SITE, aSubmission({ record: aRecord({ gates }) }));
    expect(page).toContain('4 of 5 passed.');
    expect(page.indexOf('not finite')).toBeLessThan(page.indexOf('All gates'));
  });

  it('makes everything that a miner or a worker wrote harmless', () => {
    const base = aSubmission();
    const record = aRecord({
      untrusted: { log: EVIL },
      gates: [{ name: EVIL, length: 1, input: EVIL, value: 1, limit: 1, pass: true }],
    });
    HARMLESS(
      submissionPage(SITE, {
        ...base,
        fork: { owner: EVIL, name: EVIL },
        branch: EVIL,
        hotkey: EVIL,
        files: [{ path: EVIL, sha256: EVIL, bytes: 1 }],
        findings: [{ rule: EVIL, file: EVIL, line: 1, column: 1, message: EVIL, advice: EVIL }],
        timeline: [{ at: NOW, what: EVIL }],
        links: { commit: `javascript:${EVIL}`, againstUpstream: null, againstPrevious: null },
        decision: base.decision && { ...base.decision, reason: 'op_error', detail: EVIL },
        record: { ...record, device: { ...record.device, name: EVIL }, judge: { commit: EVIL } },
      }),
    );
  });

  it('has words for every reason', () => {
    for (const reason of [...JUDGE_REASONS, ...INTAKE_REASONS, 'over_claim'] as const)
      expect(reasonInWords(reason)).toMatch(/\w/);
  });
});

describe('submission page of what was never judged', () => {
  it.each([
    ['unlinked', /quasar.yml does not link[^<]*<a href="\/join">/],
    ['copy', /A copy of code that arrived earlier/],
    ['other_branch', /names another branch/],
  ] as const)('says why: %s', (reason, why) => {
    const page = submissionPage(SITE, aSubmission({ decision: null, state: 'ended', reason }));
    expect(page).toMatch(why);
  });
});

describe('join page', () => {
  it('gives commands with the App’s own address and the digest of the file', () => {
    const page = joinPage(SITE, JOIN, { sha256: 'ab'.repeat(32) });
    expect(page).toContain('curl -fsSLO https://referee.example.org/cli.mjs');
    expect(page).toContain(`${'ab'.repeat(32)}  cli.mjs&#34; | sha256sum -c -`.replace('&#34;', '"'));
    expect(page).toContain('link --write --task quasar --target-length 100000 \\\n');
    expect(page).toContain('--referee https://referee.example.org');
    expect(page).toContain('check --path . --task quasar');
    expect(page).toContain('60 / 25 / 10 / 5 %');
    expect(page).not.toContain('npx');
    expect(page).toContain('href="https://github.com/apps/quasar-referee/installations/new"');
    expect(page).toContain('fla/ops/quasar/gate.py');
  });

  it('says so while there is no command file or no address of the App', () => {
    const page = joinPage(SITE, { ...JOIN, installUrl: null }, null);
    expect(page).toContain('not built on this server yet');
    expect(page).toContain('The operator can give you the address');
  });
});

describe('page routes', () => {
  const routes = pageRoutes({
    site: SITE,
    read: aReadModel(),
    join: JOIN,
    cli: () => null,
    clock: () => NOW,
  });

  it('serves style and logo with an ETag that saves the second answer', async () => {
    const { url } = await running(routes);
    const first = await fetch(`${url}/style.css`);
    expect(first.headers.get('content-type')).toContain('text/css');
    const etag = first.headers.get('etag') ?? '';
    const second = await fetch(`${url}/style.css`, { headers: { 'if-none-match': etag } });
    expect([second.status, await second.text()]).toEqual([304, '']);
    expect((await fetch(`${url}/logo.svg`)).headers.get('content-type')).toBe('image/svg+xml');
  });

  it.each(['0', '-1', '1e3', '99999999999', '7', '42x'])(
    'answers a page of 404 for submission %s',
    async (id) => {
      const { url } = await running(routes, { errorPage: errorPage(SITE) });
      const answer = await fetch(`${url}/submissions/${id}`, { headers: { accept: 'text/html' } });
      expect(answer.status).toBe(404);
      expect(await answer.text()).toContain('There is no such submission.');
    },
  );

  it('serves the pages, free of inline script and style', async () => {
    const { url } = await running(routes);
    for (const path of ['/', '/submissions/42', '/join']) {
      const page = await (await fetch(`${url}${path}`)).text();
      expect(page).toContain('<!doctype html>');
      expect(page).not.toMatch(/<script|<style|\sstyle=|\son\w+=/);
    }
  });
});

import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { bundleAction } from '../../app/cli/bundle.ts';
import { Result } from '../../app/evaluations/schema.ts';
import { aClaim, aResult, aWorld } from './ports.ts';

let server: Server | undefined;
afterEach(() => void server?.close());

/** An OIDC issuer and an App on one port; what it was asked is in `asked`. */
async function aServer() {
  const asked: { url: string; authorization: string; body: unknown }[] = [];
  let tokens = 0;
  server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    request.on('end', () => {
      const url = request.url ?? '';
      const authorization = request.headers.authorization ?? '';
      asked.push({ url, authorization, body: text === '' ? null : JSON.parse(text) });
      const answer = url.startsWith('/token')
        ? { value: `token-${++tokens}` }
        : url === '/runner/claim'
          ? aClaim()
          : {};
      response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
    });
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return { asked, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

describe('the bundled action', () => {
  it('runs without node_modules, with its inputs and tokens as GitHub gives them', async () => {
    const { asked, origin } = await aServer();
    const judge = `fs.writeFileSync(option('--out'), ${JSON.stringify(JSON.stringify(aResult()))});`;
    const { folder, env } = aWorld({ fetch, judge });
    const file = path.join(folder, 'index.mjs');
    const summary = path.join(folder, 'summary.md');
    writeFileSync(summary, '');
    await bundleAction(file);
    const child = spawn(process.execPath, [file], {
      cwd: folder,
      env: {
        ...(env as Record<string, string>),
        INPUT_EVALUATION: '7',
        'INPUT_APP-URL': origin,
        INPUT_PYTHON: './python',
        GITHUB_STEP_SUMMARY: summary,
        ACTIONS_ID_TOKEN_REQUEST_URL: `${origin}/token?v=1`,
        ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'request-secret',
      },
    });
    let printed = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        printed += chunk;
      });
    const code = await new Promise((resolve) => child.once('close', resolve));
    expect(code, printed).toBe(0);
    expect(asked.map(({ url }) => url)).toEqual([
      expect.stringMatching(/^\/token\?v=1&audience=http%3A%2F%2F127/),
      '/runner/claim',
      expect.stringMatching(/^\/token/),
      '/runner/result',
    ]);
    expect(asked.map(({ authorization }) => authorization)).toEqual([
      ...['Bearer request-secret', 'Bearer token-1', 'Bearer request-secret', 'Bearer token-2'],
    ]);
    expect(Result.parse(asked.at(-1)?.body)).toEqual(aResult());
    expect(readFileSync(summary, 'utf8')).toContain('accepted (accepted)');
    expect(printed.replace(/::add-mask::.*/g, '')).not.toMatch(/token-\d|request-secret/);
  });
});

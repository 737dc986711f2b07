import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { closeGracefully, listen } from '../../app/http/listen.ts';
import { type HttpError, html, json, text } from '../../app/http/reply.ts';
import type { Route } from '../../app/http/routes.ts';
import { rawRequest, running } from './running.ts';

const echo: Route = {
  method: 'POST',
  path: '/echo',
  maxBodyBytes: 100,
  handle: async (request) => text(200, (await request.body()).toString()),
};
const thing: Route = {
  method: 'GET',
  path: '/things/:id',
  openToAnyOrigin: true,
  handle: async (request) => json(200, { id: request.params.id, q: request.query.get('q') }),
};
const broken: Route = {
  method: 'GET',
  path: '/broken',
  handle: async () => {
    throw new Error('secret words of the database');
  },
};

describe('http server', () => {
  it('hands decoded path values and the query to the handler, and adds the security headers', async () => {
    const { url } = await running([thing]);
    const answer = await fetch(`${url}/things/a%20b?q=1`);
    expect(await answer.json()).toEqual({ id: 'a b', q: '1' });
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(answer.headers.get('content-security-policy')).not.toContain('unsafe');
    expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
    expect(answer.headers.get('x-request-id')).toBe('request-1');
  });

  it('opens reads to any origin without credentials, and answers their preflight', async () => {
    const { url } = await running([thing, echo]);
    const answer = await fetch(`${url}/things/1`);
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    expect(answer.headers.get('access-control-allow-credentials')).toBeNull();
    const preflight = await fetch(`${url}/things/1`, { method: 'OPTIONS' });
    expect([preflight.status, preflight.headers.get('access-control-allow-methods')]).toEqual([
      204,
      'GET, HEAD',
    ]);
    expect((await fetch(`${url}/echo`, { method: 'OPTIONS' })).status).toBe(405);
  });

  it.each([
    ['GET', '/nothing', 404, 'not_found'],
    ['GET', '/things/', 404, 'not_found'],
    ['GET', '/things/%ff', 404, 'not_found'],
    ['DELETE', '/things/1', 405, 'wrong_method'],
    ['GET', 'http://elsewhere/things/1', 400, 'bad_address'],
    ['GET', '*', 400, 'bad_address'],
  ])('answers %s %s with %i %s as JSON', async (method, path, status, code) => {
    const { port } = await running([thing, echo]);
    const answer = await rawRequest(port, { method, path });
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.body)).toEqual({
      error: { code, message: expect.any(String), requestId: 'request-1' },
    });
  });

  it('does not mistake // at the start of a path for a host', async () => {
    const { port } = await running([thing]);
    expect((await rawRequest(port, { path: '//things/1' })).status).toBe(404);
  });

  it('answers HEAD like GET without the body', async () => {
    const { url } = await running([thing]);
    const answer = await fetch(`${url}/things/1`, { method: 'HEAD' });
    expect([answer.status, await answer.text()]).toEqual([200, '']);
    expect(Number(answer.headers.get('content-length'))).toBeGreaterThan(10);
  });

  it('refuses a body that is announced too long, and one that grows too long', async () => {
    const { port } = await running([echo]);
    const post = { method: 'POST', path: '/echo' };
    const announced = await rawRequest(
      port,
      { ...post, headers: { 'content-length': 101 } },
      'x'.repeat(101),
    );
    const grown = await rawRequest(
      port,
      { ...post, headers: { 'transfer-encoding': 'chunked' } },
      'x'.repeat(5000),
    );
    for (const answer of [announced, grown]) {
      expect(answer.status).toBe(413);
      expect(answer.headers.connection).toBe('close');
    }
    const fits = await rawRequest(port, post, 'x'.repeat(100));
    expect([fits.status, fits.body.length]).toEqual([200, 100]);
  });

  it('survives a client that goes away in the middle of its body', async () => {
    const { port, url } = await running([echo, thing]);
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    socket.write('POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 90\r\n\r\nhalf');
    socket.destroy();
    expect((await fetch(`${url}/things/1`)).status).toBe(200);
  });

  it('keeps the text of an unexpected error in the log', async () => {
    const { url, records } = await running([broken]);
    const answer = await fetch(`${url}/broken`);
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain('secret words');
    expect(records.join()).toContain('secret words');
    expect(records.join()).toContain('request-1');
  });

  it('shows browsers a page instead of a JSON error', async () => {
    const errorPage = (error: HttpError) => html(error.status, `<p>${error.userMessage}</p>`);
    const { url } = await running([thing], { errorPage });
    const answer = await fetch(`${url}/nothing`, { headers: { accept: 'text/html,*/*' } });
    expect([answer.status, await answer.text()]).toEqual([404, '<p>there is nothing at this address</p>']);
  });

  it('counts requests by route, never by the sender’s own words', async () => {
    const { url, metrics } = await running([thing]);
    await fetch(`${url}/things/1`);
    await fetch(`${url}/mallory`, { method: 'PROPFIND' });
    const counted = await metrics.registry.metrics();
    expect(counted).toContain('{method="GET",route="/things/:id",status="200"} 1');
    expect(counted).toContain('{method="other",route="none",status="404"} 1');
    expect(counted).not.toContain('mallory');
  });

  it('names the busy port and the variable that moves it', async () => {
    const { port, server } = await running([]);
    const second = (await running([])).server;
    await closeGracefully(second, 0);
    await expect(listen(second, { host: '127.0.0.1', port })).rejects.toMatchObject({
      code: 'EADDRINUSE',
      userMessage: `port ${port} on 127.0.0.1 is taken by another process: set PORT`,
    });
    expect(server.listening).toBe(true);
  });

  it('lets a request in flight finish when it closes, and says that the connection ends', async () => {
    let release = () => {};
    let entered = () => {};
    const inside = new Promise<void>((resolve) => {
      entered = resolve;
    });
    const slow: Route = {
      method: 'GET',
      path: '/slow',
      handle: () =>
        new Promise((resolve) => {
          release = () => resolve(text(200, 'done'));
          entered();
        }),
    };
    const { server, port } = await running([slow]);
    const answer = rawRequest(port, { path: '/slow', headers: { connection: 'keep-alive' } });
    await inside;
    const closed = closeGracefully(server, 60_000);
    release();
    expect(await answer).toMatchObject({ status: 200, body: 'done', headers: { connection: 'close' } });
    await closed;
  });
});

import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { getSpec, hasSpec, NoChainSpec, type PinnedFile, SPEC_293, specPath } from './pinned-spec.ts';

const CONTENT = Buffer.from('{"name":"a chain"}');
const PINNED: PinnedFile = {
  bytes: CONTENT.length,
  sha256: createHash('sha256').update(CONTENT).digest('hex'),
  sources: [{ url: 'https://one.example/spec' }, { url: 'https://two.example/spec' }],
};
const root = mkdtempSync(path.join(tmpdir(), 'quasar-spec-'));
const directory = path.join(root, 'chain-specs');
afterAll(() => rmSync(root, { recursive: true }));
beforeEach(() => rmSync(directory, { recursive: true, force: true }));

/** Answers by host: bytes, a status, or no connection. */
function internet(answers: Readonly<Record<string, Buffer | number | null>>) {
  const asked: string[] = [];
  const fetch = async (url: string) => {
    const { host } = new URL(url);
    asked.push(host);
    const answer = answers[host] ?? null;
    if (answer === null)
      throw new TypeError('fetch failed', { cause: new Error(`getaddrinfo ENOTFOUND ${host}`) });
    return typeof answer === 'number'
      ? new Response('no', { status: answer })
      : new Response(new Uint8Array(answer));
  };
  return { asked, fetch: fetch as typeof globalThis.fetch };
}

function get(from: string | null, { fetch }: ReturnType<typeof internet>) {
  return getSpec({ pinned: PINNED, directory, from, fetch, log: () => {} });
}

describe('the pinned chain spec', () => {
  it('is downloaded once and verified', async () => {
    const online = internet({ 'one.example': CONTENT });
    const file = await get(null, online);
    expect(file).toBe(specPath(PINNED, directory));
    expect(readFileSync(file)).toEqual(CONTENT);
    expect(await get(null, online)).toBe(file);
    expect(online.asked).toEqual(['one.example']);
    expect(readdirSync(directory)).toEqual([path.basename(file)]);
  });

  it.each<[string, Buffer | number | null]>([
    ['does not answer', null],
    ['answers 404', 404],
    ['gives other bytes', Buffer.from('{"name":"b chain"}')],
    ['gives half of it', CONTENT.subarray(0, 9)],
  ])('comes from the second source where the first %s', async (_, answer) => {
    const online = internet({ 'one.example': answer, 'two.example': CONTENT });
    expect(readFileSync(await get(null, online))).toEqual(CONTENT);
    expect(online.asked).toEqual(['one.example', 'two.example']);
  });

  it('says what to do without internet, and leaves nothing behind', async () => {
    const failure = get(null, internet({}));
    await expect(failure).rejects.toBeInstanceOf(NoChainSpec);
    await expect(failure).rejects.toThrow(/ENOTFOUND one\.example.*--from FILE/s);
    expect(hasSpec(PINNED, directory)).toBe(false);
  });

  it('is taken from a copy, and only from a true one', async () => {
    const copy = path.join(root, 'copy.json');
    writeFileSync(copy, CONTENT);
    expect(readFileSync(await get(copy, internet({})))).toEqual(CONTENT);
    writeFileSync(copy, 'other');
    await expect(get(copy, internet({}))).rejects.toThrow(`it has 5 bytes instead of ${CONTENT.length}`);
    await expect(get(path.join(root, 'absent'), internet({}))).rejects.toThrow('cannot read');
  });

  it('that was damaged in the cache is downloaded again', async () => {
    const online = internet({ 'one.example': CONTENT });
    writeFileSync(await get(null, online), CONTENT.subarray(1));
    expect(hasSpec(PINNED, directory)).toBe(false);
    expect(readFileSync(await get(null, online))).toEqual(CONTENT);
  });

  it('is one commit of subtensor, from two addresses of GitHub', () => {
    expect(SPEC_293.bytes).toBe(2_822_798);
    expect(SPEC_293.sources.map(({ url }) => new URL(url).host)).toEqual([
      'raw.githubusercontent.com',
      'api.github.com',
    ]);
  });
});

import { describe, expect, it } from 'vitest';
import { Refusal } from '../../actions/evaluate/src/app-client.ts';
import { progressStream } from '../../actions/evaluate/src/progress-stream.ts';
import type { Progress } from '../../app/evaluations/schema.ts';
import { aClaim, aClock, nonce } from './ports.ts';

const keyA = 'aa'.repeat(32);
const keyB = 'bb'.repeat(32);
const line = (seq: number, more: object = {}) =>
  JSON.stringify({ evaluation: 7, nonce, seq, stage: 'secret', done: seq, total: 99, ...more });

function aStream(store: (progress: Progress) => Promise<void> = async () => {}, clock = aClock()) {
  const sent: { seq: number; insist: boolean; at: number }[] = [];
  const log: string[] = [];
  const core = { info: (text: string) => void log.push(text) } as never;
  const client = {
    progress: async (progress: Progress, insist: boolean) => {
      sent.push({ seq: progress.seq, insist, at: clock.now() });
      await store(progress);
    },
  };
  return { stream: progressStream({ core, clock }, client, aClaim()), sent, log };
}

describe('the progress stream', () => {
  it('sends the newest of many lines, at most one in five seconds', async () => {
    const { stream, sent } = aStream();
    stream.line(line(0));
    await new Promise(setImmediate);
    for (let seq = 1; seq <= 50; seq++) stream.line(line(seq));
    await new Promise(setImmediate);
    await stream.close();
    expect(sent.map(({ seq }) => seq)).toEqual([0, 50]);
    expect(sent[1]?.at).toBeGreaterThanOrEqual(5_000);
  });

  it('never lets a later line take the place of a key, and insists on it', async () => {
    const { stream, sent } = aStream();
    stream.line(line(0));
    stream.line(line(1, { keySha256: keyA }));
    stream.line(line(2));
    stream.line(line(3));
    await stream.close();
    expect(sent.map(({ seq, insist }) => [seq, insist])).toEqual([
      [1, true],
      [3, false],
    ]);
    expect(stream.keySha256()).toBe(keyA);
  });

  it('does not let a key wait for its turn, nor sends afterwards what is older', async () => {
    const { stream, sent } = aStream(
      undefined,
      aClock(() => true),
    );
    stream.line(line(0));
    stream.line(line(1, { keySha256: keyA }));
    await new Promise(setImmediate);
    expect(sent.map(({ seq }) => seq)).toEqual([1]);
    await stream.close();
    expect(sent.map(({ seq }) => seq)).toEqual([1]);
  });

  it('remembers the first key, and passes on a second so that the App sees it', async () => {
    const { stream, sent } = aStream();
    stream.line(line(1, { keySha256: keyA }));
    stream.line(line(2, { keySha256: keyB }));
    await stream.close();
    expect(stream.keySha256()).toBe(keyA);
    expect(sent).toHaveLength(2);
  });

  it('adds the evaluation and the nonce where the judge leaves them out', async () => {
    const sent: Progress[] = [];
    const { stream } = aStream(async (progress) => void sent.push(progress));
    stream.line(JSON.stringify({ seq: 3, stage: 'logits', done: 0, total: 1 }));
    await stream.close();
    expect(sent).toEqual([{ evaluation: 7, nonce, seq: 3, stage: 'logits', done: 0, total: 1 }]);
  });

  it.each([
    'not json',
    '[1]',
    '{}',
    'null',
    line(1, { evaluation: 8 }),
    line(1, { nonce: '00'.repeat(16) }),
    line(1, { stage: 'other' }),
    line(-1),
  ])('drops %s', async (text) => {
    const { stream, sent } = aStream();
    stream.line(text);
    await stream.close();
    expect(sent).toEqual([]);
  });

  it('goes on after a fault, and stops after a refusal', async () => {
    const faults = [new Error('down'), new Refusal(404, 'no such evaluation')];
    const { stream, sent, log } = aStream(async () => {
      throw faults.shift() ?? new Error('more');
    });
    for (const seq of [1, 2, 3, 4]) {
      stream.line(line(seq));
      await new Promise(setImmediate);
      await new Promise(setImmediate);
    }
    await stream.close();
    expect(sent.map(({ seq }) => seq)).toEqual([1, 2]);
    expect(log).toEqual(['progress not stored: down', 'progress not stored: no such evaluation']);
  });

  it('drops lines after close', async () => {
    const { stream, sent } = aStream();
    await stream.close();
    stream.line(line(1));
    await stream.close();
    expect(sent).toEqual([]);
  });
});

import { describe, expect, it } from 'vitest';
import { lineReader, MAX_LINE_BYTES, SignerAnswer, SignerRequest } from '../../app/chain/signer-wire.ts';

function read(...chunks: readonly (string | Buffer)[]) {
  const seen: string[] = [];
  const reader = lineReader(
    (line) => seen.push(line),
    () => seen.push('TOO LONG'),
  );
  for (const chunk of chunks) reader(Buffer.from(chunk));
  return seen;
}

describe('the lines of the socket', () => {
  it('come whole, however they were cut', () => {
    expect(read('one\ntw', 'o\n', '\nthree')).toEqual(['one', 'two', '']);
    const snowman = Buffer.from('☃\n');
    expect(read(snowman.subarray(0, 1), snowman.subarray(1))).toEqual(['☃']);
  });

  it('end where one is too long', () => {
    expect(read('x'.repeat(MAX_LINE_BYTES), '\nok\n').map((line) => line.length)).toEqual([
      MAX_LINE_BYTES,
      2,
    ]);
    expect(read('x'.repeat(MAX_LINE_BYTES), 'x', '\nok\n')).toEqual(['TOO LONG']);
    expect(read(`${'x'.repeat(MAX_LINE_BYTES + 1)}\nok\n`)).toEqual(['TOO LONG']);
  });
});

describe('what is said on it', () => {
  it('is a question that is known', () => {
    expect(SignerRequest.safeParse({ ask: 'identity' }).success).toBe(true);
    expect(SignerRequest.safeParse({ ask: 'sign', payload: {} }).success).toBe(true);
    expect(SignerRequest.safeParse({ ask: 'secret' }).success).toBe(false);
  });

  it('is a signature of sr25519 only', () => {
    const answer = (signature: string) =>
      SignerAnswer.safeParse({ answer: 'signed', id: 1, signature }).success;
    expect(answer(`0x01${'ab'.repeat(64)}`)).toBe(true);
    expect(answer(`0x00${'ab'.repeat(64)}`)).toBe(false);
    expect(answer(`0x01${'ab'.repeat(63)}`)).toBe(false);
  });
});

import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { readBody } from '../../app/http/body.ts';

const MIB = 1024 * 1024;

function sending(bytes: number): IncomingMessage {
  const request = new PassThrough();
  request.end(Buffer.alloc(bytes));
  return Object.assign(request, { headers: {} }) as unknown as IncomingMessage;
}

describe('the budget of request bodies', () => {
  it('refuses a long body when it is used up, and takes a short one all the same', async () => {
    const budget = { available: 0 };
    await expect(readBody(sending(MIB), 2 * MIB, budget)).rejects.toMatchObject({ status: 503 });
    expect(await readBody(sending(20_000), 2 * MIB, budget)).toHaveLength(20_000);
    expect(budget.available).toBe(0);
  });

  it('is given back after a body that was read and after one that was refused', async () => {
    const budget = { available: 10 * MIB };
    await readBody(sending(MIB), 2 * MIB, budget);
    await expect(readBody(sending(3 * MIB), 2 * MIB, budget)).rejects.toMatchObject({ status: 413 });
    expect(budget.available).toBe(10 * MIB);
  });
});

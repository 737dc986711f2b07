import { describe, expect, it } from 'vitest';
import { parseMessage } from '../../../app/chain/connection/rpc-message.ts';
import { RpcRefusal, refusalError, refusalOf } from '../../../app/chain/connection/rpc-refusal.ts';

describe('a message of a node', () => {
  const read = (message: object) => parseMessage(JSON.stringify({ jsonrpc: '2.0', ...message }));

  it('is an answer, an error or a notice', () => {
    expect(read({ id: 1, result: null })).toMatchObject({ id: 1, result: null });
    expect(read({ id: 1, error: { code: 1010, message: 'Invalid Transaction', data: 'x' } })).toMatchObject({
      error: { code: 1010, data: 'x' },
    });
    expect(read({ id: 1, error: { code: -32601, message: 'Method not found' } })).toMatchObject({
      error: { code: -32601 },
    });
    expect(read({ method: 'chain_newHead', params: { subscription: 's1', result: {} } })).toMatchObject({
      params: { subscription: 's1' },
    });
  });

  it.each([
    '<html>502</html>',
    '',
    'null',
    '[]',
    '{"jsonrpc":"1.0","id":1,"result":1}',
    '{"jsonrpc":"2.0","method":"x"}',
  ])('is nothing else: %s', (text) => {
    expect(parseMessage(text)).toBeNull();
  });
});

describe('a refused request', () => {
  const error = (text: string, data?: unknown) =>
    refusalError('wss://a.example', 'state_getStorage', new RpcRefusal(4003, text, data));

  it.each([
    ['Client error: UnknownBlock: State already discarded for 0x12'],
    ['Client error: UnknownBlock: Header was not found in the database: 0x12'],
    ['Unknown block'],
    ['Block 0x12 not found'],
  ])('tells of forgotten state: %s', (text) => {
    expect(error(text)).toMatchObject({ code: 'pruned', retryable: true });
    expect(error(text).userMessage).toContain('wss://a.example');
  });

  it('passes by itself where the endpoint only has too many requests', () => {
    expect(error('Too many requests, slow down')).toMatchObject({ code: 'unreachable', retryable: true });
  });

  it('is final otherwise, names the method and keeps what the node said', () => {
    const refused = error('Method not found', { more: 1 });
    expect(refused).toMatchObject({ code: 'protocol', retryable: false });
    expect(refused.userMessage).toBe(
      'wss://a.example refused state_getStorage (4003: Method not found: {"more":1}): where this repeats, use another endpoint',
    );
    expect(refusalOf(refused)).toMatchObject({ code: 4003, text: 'Method not found' });
    expect(refusalOf(new Error('x'))).toBeNull();
  });
});

import { describe, expect, it } from 'vitest';
import { checkEndpoints, endpointName } from '../../../app/chain/connection/endpoint-name.ts';

describe('the name of an endpoint', () => {
  it('shows no key of a provider', () => {
    expect(endpointName('wss://user:secret@rpc.example:9944/v1/SECRET?key=SECRET')).toBe(
      'wss://rpc.example:9944',
    );
    expect(endpointName('ws://[::1]:9944')).toBe('ws://[::1]:9944');
  });
});

describe('a list of endpoints', () => {
  it('has at least one', () => {
    expect(() => checkEndpoints([])).toThrow(/give at least one/);
  });

  it('has only addresses of WebSockets, and a wrong one is named by its place', () => {
    expect(() => checkEndpoints(['wss://a.example', 'https://SECRET'])).toThrow(
      'endpoint 2 is no ws:// or wss:// address',
    );
    expect(() => checkEndpoints(['ws://'])).toThrow(RangeError);
    expect(() => checkEndpoints(['ws://a.example/#b'])).toThrow(RangeError);
    expect(() => checkEndpoints(['wss://a.example', 'ws://127.0.0.1:9944'])).not.toThrow();
  });
});

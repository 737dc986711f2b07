import { describe, expect, it } from 'vitest';
import { readInputs } from '../../actions/evaluate/src/inputs.ts';
import type { Core } from '../../actions/evaluate/src/ports.ts';

const env = {
  ACTIONS_ID_TOKEN_REQUEST_URL: 'https://token.example?v=1',
  GITHUB_WORKSPACE: '/w',
  RUNNER_TEMP: '/t',
  GITHUB_SHA: 'f'.repeat(40),
};
const read = (inputs: Record<string, string>, environment: Record<string, string> = env) => {
  const all: Record<string, string> = { evaluation: '7', 'app-url': 'https://a.example', ...inputs };
  return readInputs({ core: { getInput: (name: string) => all[name] ?? '' } as Core, env: environment });
};

describe('the inputs of the action', () => {
  it('have defaults: the address as audience, python3, kernels/ of the checkout', () => {
    expect(read({})).toEqual({
      evaluation: 7,
      appUrl: 'https://a.example',
      audience: 'https://a.example',
      python: 'python3',
      kernelsDir: '/w/kernels',
      tempDir: '/t',
      commit: 'f'.repeat(40),
    });
  });

  it('keep a path in the address, lose its trailing slash, and resolve python from the checkout', () => {
    expect(read({ 'app-url': 'https://a.example/r/', python: '.venv/bin/python' })).toMatchObject({
      appUrl: 'https://a.example/r',
      python: '/w/.venv/bin/python',
    });
  });

  it.each(['', '0', '-1', '1.5', '1e3', '7; id', '99999999999999999'])(
    'refuse evaluation %j',
    (evaluation) => {
      expect(() => read({ evaluation })).toThrow(/input evaluation/);
    },
  );

  it.each([
    '',
    'a.example',
    'http://a.example',
    'file:///etc',
    'https://u:p@a.example',
    'https://a.example?x=1',
  ])('refuse app-url %j', (url) => {
    expect(() => read({ 'app-url': url })).toThrow(/input app-url/);
  });

  it('take http for loopback', () => {
    expect(read({ 'app-url': 'http://127.0.0.1:4702' }).appUrl).toBe('http://127.0.0.1:4702');
  });

  it('need a job around them', () => {
    expect(() => read({}, { ...env, RUNNER_TEMP: '' })).toThrow(/inside a GitHub Actions job/);
    expect(() => read({}, { ...env, ACTIONS_ID_TOKEN_REQUEST_URL: '' })).toThrow(/id-token: write/);
  });
});

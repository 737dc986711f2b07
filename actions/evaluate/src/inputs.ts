/** The Action's inputs and the paths that the runner gives, checked before anything happens. */
import path from 'node:path';
import type { Ports } from './ports.ts';

export interface Inputs {
  readonly evaluation: number;
  /** Without a trailing slash. */
  readonly appUrl: string;
  readonly audience: string;
  readonly python: string;
  /** `kernels/` of the operator repository's checkout. */
  readonly kernelsDir: string;
  /** The runner's scratch folder, emptied after the job. */
  readonly tempDir: string;
  /** The operator repository's commit, which is the judge's version. */
  readonly commit: string;
}

/** Throws with what to correct, naming the input. */
export function readInputs({ core, env }: Pick<Ports, 'core' | 'env'>): Inputs {
  const evaluationText = core.getInput('evaluation').trim();
  const evaluation = Number(evaluationText);
  if (!/^[1-9]\d{0,15}$/.test(evaluationText) || !Number.isSafeInteger(evaluation))
    throw new Error('input evaluation: a positive whole number is wanted');
  const appUrl = readAppUrl(core.getInput('app-url').trim());
  const workspace = required(env, 'GITHUB_WORKSPACE');
  const python = core.getInput('python').trim() || 'python3';
  return {
    evaluation,
    appUrl,
    audience: core.getInput('audience').trim() || appUrl,
    python: python.includes('/') ? path.resolve(workspace, python) : python,
    kernelsDir: path.join(workspace, 'kernels'),
    tempDir: required(env, 'RUNNER_TEMP'),
    commit: required(env, 'GITHUB_SHA'),
  };
}

/** An OIDC token travels to this address, so plain http is for loopback only. */
function readAppUrl(text: string): string {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new Error('input app-url: not a URL; write https://host');
  }
  const loopback = ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && loopback))
    throw new Error('input app-url: https is wanted (http only for 127.0.0.1 and localhost)');
  if (url.username || url.password || url.search || url.hash)
    throw new Error('input app-url: no user, query or fragment belongs in it');
  return url.href.replace(/\/+$/, '');
}

function required(env: Ports['env'], name: string): string {
  const value = env[name];
  if (!value) throw new Error(`${name} is not set: this Action runs inside a GitHub Actions job only`);
  return value;
}

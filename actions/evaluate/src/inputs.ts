/** The Action's inputs and the paths that the runner gives, checked before anything happens. */
import path from 'node:path';
import { parseAppUrl } from './app-url.ts';
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
  if (!env.ACTIONS_ID_TOKEN_REQUEST_URL)
    throw new Error(
      'the job may not ask for an OIDC token: its workflow needs `permissions: id-token: write`',
    );
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

function readAppUrl(text: string): string {
  try {
    return parseAppUrl(text);
  } catch (error) {
    throw new Error(`input app-url: ${(error as Error).message}`);
  }
}

function required(env: Ports['env'], name: string): string {
  const value = env[name];
  if (!value) throw new Error(`${name} is not set: this Action runs inside a GitHub Actions job only`);
  return value;
}

/** All configuration of the App, read once at boot from the environment; every problem is reported at once. */
import { type ChainConfig, chainOf, chainWarnings } from './config/chain.ts';
import { betweenVariables, type Variables, withFiles } from './config/given.ts';
import { ConfigError, type ConfigProblem } from './config/problems.ts';
import { RETIRED, refusedRetired } from './config/retired.ts';
import { concealed, deepFreeze } from './config/sealed.ts';
import { defaultIssuer, Environment, EXAMPLES, type VariableName } from './config/variables.ts';

export interface AppCredentials {
  readonly appId: number;
  /** RSA key, PEM. */
  readonly privateKey: string;
  /** Current secret first; a second one is accepted while the secret is being rotated. */
  readonly webhookSecrets: readonly [string, ...string[]];
}

export interface Config {
  /** Address under which GitHub, runners and miners reach the App; no trailing slash. */
  readonly publicUrl: string;
  readonly host: string;
  readonly port: number;
  /** `postgres://…`, `sqlite:///PATH` or a relative path of an SQLite file; may hold a password. */
  readonly databaseUrl: string;
  readonly network: string;
  readonly netuid: number;
  /** Null: nothing is read from a chain or sent to one. */
  readonly chain: ChainConfig | null;
  readonly watcher: AppCredentials;
  readonly operator: {
    readonly app: AppCredentials;
    /** False when one App serves as watcher and operator. */
    readonly separateApp: boolean;
    readonly repository: { readonly owner: string; readonly name: string };
    readonly workflow: string;
    readonly ref: string;
    /** Commits that may claim, from the environment; those of `commitsFile` come on top. */
    readonly commits: readonly string[];
    /** Written by `operator pin`; may be absent. */
    readonly commitsFile: string;
  };
  /** Signs the standing; made at first boot. */
  readonly serverKeyFile: string;
  readonly oidc: { readonly issuer: string; readonly audience: string };
  readonly github: { readonly webUrl: string; readonly apiUrl: string };
  readonly tasks: readonly string[];
  readonly debounceMs: number;
  /** How long work in hand of a process that was killed waits before another takes it up. */
  readonly leaseMs: number;
  readonly inboxRetentionDays: number;
  readonly runnerLabels: readonly string[];
  /** Whether a verdict from one of the operator's own runners decides alone. */
  readonly operatorRunnersSuffice: boolean;
  /** Fractions of 1 by place, first place first. */
  readonly shares: readonly number[];
  /** Fraction within which two scores tie. */
  readonly tieMargin: number;
  readonly reconcileIntervalMs: number;
  readonly limits: { readonly runnerBodyBytes: number; readonly inboxWaiting: number };
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';
}

/**
 * Reads the configuration. Throws `ConfigError` with every problem; returns a deeply frozen value whose secrets do
 * not show in JSON or `inspect`, and warnings about variables that have no meaning any more.
 */
export function loadConfig(
  environment: Variables,
  readFile: (path: string) => string,
): { readonly config: Config; readonly warnings: readonly string[] } {
  const problems: ConfigProblem[] = [];
  const given = withFiles(environment, readFile, problems);
  const warnings: string[] = [];
  if (given.CHAIN_ENDPOINTS === undefined && given.WALLET_HOTKEY !== undefined) {
    // The old validator's variable of this name held no address, but the name of a key.
    delete given.WALLET_HOTKEY;
    warnings.push('WALLET_HOTKEY is ignored: without CHAIN_ENDPOINTS no weights are sent');
  }
  const unreadable = new Set(problems.map((p) => p.variable));
  const parsed = Environment.safeParse(given);
  for (const issue of parsed.error?.issues ?? []) {
    const variable = String(issue.path[0]) as VariableName;
    if (unreadable.has(variable)) continue;
    const problem = given[variable] === undefined ? 'is missing' : issue.message;
    problems.push({ variable, problem, example: EXAMPLES[variable] });
  }
  problems.push(...betweenVariables(given, unreadable));
  for (const [name, reason] of Object.entries(RETIRED)) {
    const value = environment[name];
    if (value === undefined || value === '') continue;
    const refused = refusedRetired(name, value);
    if (refused === null) warnings.push(`${name} is ignored: ${reason}`);
    else problems.push({ variable: name, problem: refused, example: `unset ${name}` });
  }
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems);
  const config = build(parsed.data);
  if (config.publicUrl.startsWith('http:') && !/^http:\/\/(localhost|127\.|\[::1\])/.test(config.publicUrl))
    warnings.push('PUBLIC_URL is not https: webhooks and runner tokens would travel in the clear');
  warnings.push(...chainWarnings(config.chain, config.network));
  return { config, warnings };
}

function build(env: Environment): Config {
  const watcher = credentials(env.APP_ID, env.PRIVATE_KEY, env.WEBHOOK_SECRET, env.WEBHOOK_SECRET_PREVIOUS);
  const operator = operatorCredentials(env);
  const [owner = '', name = ''] = env.OPERATOR_REPOSITORY.split('/');
  const config: Config = {
    publicUrl: env.PUBLIC_URL,
    host: env.HOST,
    port: env.PORT,
    databaseUrl: env.DATABASE_URL,
    network: env.SUBTENSOR_NETWORK,
    netuid: env.NETUID,
    chain: chainOf(env),
    watcher,
    operator: {
      app: operator ?? watcher,
      separateApp: operator !== null,
      repository: { owner, name },
      workflow: env.OPERATOR_WORKFLOW,
      ref: env.OPERATOR_REF,
      commits: env.OPERATOR_COMMITS ?? [],
      commitsFile: env.OPERATOR_COMMITS_FILE,
    },
    serverKeyFile: env.SERVER_KEY_FILE,
    oidc: {
      issuer: env.OIDC_ISSUER ?? defaultIssuer(env.GHE_HOST, env.GHE_PROTOCOL),
      audience: env.OIDC_AUDIENCE ?? env.PUBLIC_URL,
    },
    github:
      env.GHE_HOST === undefined
        ? { webUrl: 'https://github.com', apiUrl: 'https://api.github.com' }
        : {
            webUrl: `${env.GHE_PROTOCOL}://${env.GHE_HOST}`,
            apiUrl: `${env.GHE_PROTOCOL}://${env.GHE_HOST}/api/v3`,
          },
    tasks: env.TASKS,
    debounceMs: env.DEBOUNCE_MS,
    leaseMs: env.LEASE_MS,
    inboxRetentionDays: env.INBOX_RETENTION_DAYS,
    runnerLabels: env.RUNNER_LABELS,
    operatorRunnersSuffice: env.OPERATOR_RUNNERS_SUFFICE,
    shares: env.SHARES,
    tieMargin: env.TIE_MARGIN,
    reconcileIntervalMs: env.RECONCILE_INTERVAL_MS,
    limits: { runnerBodyBytes: env.RUNNER_BODY_MAX_BYTES, inboxWaiting: env.INBOX_MAX_WAITING },
    logLevel: env.LOG_LEVEL,
  };
  return deepFreeze(concealed(config, ['databaseUrl']));
}

/** Null unless all three are set; `betweenVariables` has refused one or two of them. */
function operatorCredentials(env: Environment): AppCredentials | null {
  const { OPERATOR_APP_ID: appId, OPERATOR_PRIVATE_KEY: key, OPERATOR_WEBHOOK_SECRET: secret } = env;
  if (appId === undefined || key === undefined || secret === undefined) return null;
  return credentials(appId, key, secret, env.OPERATOR_WEBHOOK_SECRET_PREVIOUS);
}

function credentials(appId: number, privateKey: string, secret: string, previous?: string): AppCredentials {
  const webhookSecrets: [string, ...string[]] = previous === undefined ? [secret] : [secret, previous];
  return concealed({ appId, privateKey, webhookSecrets }, ['privateKey', 'webhookSecrets']);
}

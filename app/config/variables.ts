/** Every environment variable that the App reads: what it may hold, and an example of a good value. */
import { createPrivateKey } from 'node:crypto';
import { z } from 'zod';
import { checkPolicy, DEFAULT_SHARES } from '../scoring/shares.ts';
import { CHAIN_EXAMPLES, chainVariables } from './chain-variables.ts';
import { list, wholeNumber } from './values.ts';

const GITHUB_ISSUER = 'https://token.actions.githubusercontent.com';

const flag = z
  .enum(['true', 'false', '1', '0'], 'must be true or false')
  .transform((text) => text === 'true' || text === '1');

const address = (what: string) =>
  z
    .string()
    .refine(isPlainUrl, `is not ${what}: an http or https address without user, query or fragment`)
    .transform((text) => text.replace(/\/+$/, ''));

function isPlainUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  return /^https?:$/.test(url.protocol) && `${url.username}${url.password}${url.search}${url.hash}` === '';
}

const appId = wholeNumber(1, Number.MAX_SAFE_INTEGER);
/** The length also refuses `development`, the secret that Probot falls back to and that everybody knows. */
const secret = z
  .string()
  .min(16, 'is shorter than 16 characters')
  .refine((text) => text.trim() === text, 'begins or ends with a space');

/** PEM text, PEM with `\n` written out, or base64 of PEM, as Probot takes them. */
const privateKey = z
  .string()
  .transform((text) => (text.includes('-----BEGIN') ? text : Buffer.from(text, 'base64').toString('utf8')))
  .transform((text) => `${text.replaceAll('\\n', '\n').trim()}\n`)
  .refine(isRsaKey, 'is not an RSA private key in PEM form');

function isRsaKey(pem: string): boolean {
  try {
    return createPrivateKey(pem).asymmetricKeyType === 'rsa';
  } catch {
    return false;
  }
}

const shares = z
  .string()
  .transform((text) => text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part))))
  .superRefine((policy, context) => {
    try {
      checkPolicy(policy);
    } catch (error) {
      context.addIssue({ code: 'custom', message: `is no policy: ${(error as Error).message}` });
    }
  });

/** One schema over the environment; a default stands for an absent or empty variable. */
export const Environment = z.object({
  PUBLIC_URL: address('a public address'),
  HOST: z
    .string()
    .regex(/^[\w.:-]+$/, 'is not a host name or address')
    .default('127.0.0.1'),
  PORT: wholeNumber(0, 65_535).default(8000),
  DATABASE_URL: z
    .string()
    .regex(/^(sqlite:\/\/\/.|postgres(ql)?:\/\/.)/, 'is neither sqlite:///PATH nor postgres://…')
    // a path that begins with a dot is relative to the working directory, as the old validator wrote it
    .transform((text) => text.replace(/^sqlite:\/\/\/(?=\.)/, ''))
    .default('./data/referee.sqlite'),
  SUBTENSOR_NETWORK: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, 'is not the name of a network'),
  NETUID: wholeNumber(0, 65_535),
  ...chainVariables,
  APP_ID: appId,
  PRIVATE_KEY: privateKey,
  WEBHOOK_SECRET: secret,
  WEBHOOK_SECRET_PREVIOUS: secret.optional(),
  OPERATOR_APP_ID: appId.optional(),
  OPERATOR_PRIVATE_KEY: privateKey.optional(),
  OPERATOR_WEBHOOK_SECRET: secret.optional(),
  OPERATOR_WEBHOOK_SECRET_PREVIOUS: secret.optional(),
  OPERATOR_REPOSITORY: z.string().regex(/^[A-Za-z0-9-]{1,39}\/[\w.-]{1,100}$/, 'is not owner/name'),
  OPERATOR_WORKFLOW: z
    .string()
    .regex(/^[\w.-]+\.ya?ml$/, 'is not the file name of a workflow')
    .default('evaluate.yml'),
  OPERATOR_REF: z
    .string()
    .regex(/^[\w./-]{1,200}$/, 'is not the name of a branch')
    .default('main'),
  OPERATOR_COMMITS: list(/^[0-9a-f]{40}$/, 'a full 40-digit commit').optional(),
  OPERATOR_COMMITS_FILE: z.string().default('data/operator-commits.json'),
  SERVER_KEY_FILE: z.string().default('data/server-key.pem'),
  OIDC_ISSUER: address('an issuer').optional(),
  OIDC_AUDIENCE: z.string().max(200, 'is longer than 200 characters').optional(),
  GHE_HOST: z
    .string()
    .regex(/^[\w.-]+(:\d+)?$/, 'is not a host name, with or without a port')
    .optional(),
  GHE_PROTOCOL: z.enum(['http', 'https'], 'must be http or https').default('https'),
  TASKS: list(/^[a-z][a-z0-9_]{0,63}$/, 'the name of a task').default(['quasar']),
  DEBOUNCE_MS: wholeNumber(0, 3_600_000).default(15_000),
  LEASE_MS: wholeNumber(1_000, 3_600_000).default(180_000),
  INBOX_RETENTION_DAYS: wholeNumber(1, 3_650).default(30),
  RUNNER_LABELS: list(/^[\w.-]{1,100}$/, 'a runner label').default(['self-hosted', 'gpu']),
  OPERATOR_RUNNERS_SUFFICE: flag.default(true),
  SHARES: shares.default([...DEFAULT_SHARES]),
  TIE_MARGIN: z
    .string()
    .transform(Number)
    .refine((n) => n >= 0 && n < 1, 'is not a fraction between 0 and 1')
    .default(0.01),
  RECONCILE_INTERVAL_MS: wholeNumber(100, 3_600_000).default(60_000),
  RUNNER_BODY_MAX_BYTES: wholeNumber(65_536, 67_108_864).default(4_194_304),
  INBOX_MAX_WAITING: wholeNumber(1, 1_000_000).default(5_000),
  LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal'], 'is not a log level')
    .default('info'),
});
export type Environment = z.infer<typeof Environment>;
export type VariableName = keyof Environment;

/** Variables that may come from a file instead: `NAME_FILE=/run/secrets/name`. */
export const FROM_FILE = [
  'DATABASE_URL',
  'PRIVATE_KEY',
  'WEBHOOK_SECRET',
  'WEBHOOK_SECRET_PREVIOUS',
  'OPERATOR_PRIVATE_KEY',
  'OPERATOR_WEBHOOK_SECRET',
  'OPERATOR_WEBHOOK_SECRET_PREVIOUS',
] as const satisfies readonly VariableName[];

const KEY_EXAMPLE = 'PRIVATE_KEY_FILE=/etc/quasar-referee/watcher.pem';
const SECRET_EXAMPLE = 'WEBHOOK_SECRET="$(openssl rand -hex 32)"';

/** One good line for every variable, shown beside what is wrong with it. */
export const EXAMPLES: Readonly<Record<VariableName, string>> = {
  PUBLIC_URL: 'PUBLIC_URL=https://referee.example.org',
  HOST: 'HOST=0.0.0.0',
  PORT: 'PORT=8000',
  DATABASE_URL: 'DATABASE_URL=sqlite:///./data/referee.sqlite',
  SUBTENSOR_NETWORK: 'SUBTENSOR_NETWORK=finney',
  NETUID: 'NETUID=24',
  ...CHAIN_EXAMPLES,
  APP_ID: 'APP_ID=123456',
  PRIVATE_KEY: KEY_EXAMPLE,
  WEBHOOK_SECRET: SECRET_EXAMPLE,
  WEBHOOK_SECRET_PREVIOUS: `${SECRET_EXAMPLE.replace('SECRET', 'SECRET_PREVIOUS')}`,
  OPERATOR_APP_ID: 'OPERATOR_APP_ID=654321',
  OPERATOR_PRIVATE_KEY: `OPERATOR_${KEY_EXAMPLE.replace('watcher', 'operator')}`,
  OPERATOR_WEBHOOK_SECRET: `OPERATOR_${SECRET_EXAMPLE}`,
  OPERATOR_WEBHOOK_SECRET_PREVIOUS: `OPERATOR_${SECRET_EXAMPLE.replace('SECRET', 'SECRET_PREVIOUS')}`,
  OPERATOR_REPOSITORY: 'OPERATOR_REPOSITORY=my-org/quasar-operator',
  OPERATOR_WORKFLOW: 'OPERATOR_WORKFLOW=evaluate.yml',
  OPERATOR_REF: 'OPERATOR_REF=main',
  OPERATOR_COMMITS: 'OPERATOR_COMMITS=0123456789abcdef0123456789abcdef01234567',
  OPERATOR_COMMITS_FILE: 'OPERATOR_COMMITS_FILE=data/operator-commits.json',
  SERVER_KEY_FILE: 'SERVER_KEY_FILE=/var/lib/quasar-referee/server-key.pem',
  OIDC_ISSUER: `OIDC_ISSUER=${GITHUB_ISSUER}`,
  OIDC_AUDIENCE: 'OIDC_AUDIENCE=https://referee.example.org',
  GHE_HOST: 'GHE_HOST=github.example.org',
  GHE_PROTOCOL: 'GHE_PROTOCOL=https',
  TASKS: 'TASKS=quasar',
  DEBOUNCE_MS: 'DEBOUNCE_MS=15000',
  LEASE_MS: 'LEASE_MS=180000',
  INBOX_RETENTION_DAYS: 'INBOX_RETENTION_DAYS=30',
  RUNNER_LABELS: 'RUNNER_LABELS=self-hosted,gpu',
  OPERATOR_RUNNERS_SUFFICE: 'OPERATOR_RUNNERS_SUFFICE=true',
  SHARES: 'SHARES=0.6,0.25,0.1,0.05',
  TIE_MARGIN: 'TIE_MARGIN=0.01',
  RECONCILE_INTERVAL_MS: 'RECONCILE_INTERVAL_MS=60000',
  RUNNER_BODY_MAX_BYTES: 'RUNNER_BODY_MAX_BYTES=4194304',
  INBOX_MAX_WAITING: 'INBOX_MAX_WAITING=5000',
  LOG_LEVEL: 'LOG_LEVEL=info',
};

/** github.com's issuer; an enterprise server issues under its own host. */
export function defaultIssuer(gheHost: string | undefined, protocol: string): string {
  return gheHost === undefined ? GITHUB_ISSUER : `${protocol}://${gheHost}/_services/token`;
}

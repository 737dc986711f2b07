import { generateKeyPairSync } from 'node:crypto';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../app/config/problems.ts';
import { Environment, EXAMPLES } from '../../app/config/variables.ts';
import { loadConfig } from '../../app/config.ts';

const pem = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({
  type: 'pkcs1',
  format: 'pem',
}) as string;
const SECRET = 'an example secret of good length';
const GOOD = {
  PUBLIC_URL: 'https://referee.example.org/',
  SUBTENSOR_NETWORK: 'finney',
  NETUID: '24',
  APP_ID: '12',
  PRIVATE_KEY: pem,
  WEBHOOK_SECRET: SECRET,
  OPERATOR_REPOSITORY: 'my-org/operator',
};
const noFile = (path: string): string => {
  throw Object.assign(new Error(`no ${path}`), { code: 'ENOENT' });
};
const load = (more: Record<string, string> = {}, readFile = noFile) =>
  loadConfig({ ...GOOD, ...more }, readFile);
const problemsOf = (environment: Record<string, string>, readFile = noFile) => {
  try {
    loadConfig(environment, readFile);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map((p) => `${p.variable} ${p.problem}`);
    throw error;
  }
  return [];
};

describe('config', () => {
  it('fills defaults from the few mandatory variables', () => {
    const { config, warnings } = load();
    expect(warnings).toEqual([]);
    expect(config).toMatchObject({
      publicUrl: 'https://referee.example.org',
      host: '127.0.0.1',
      port: 8000,
      databaseUrl: './data/referee.sqlite',
      network: 'finney',
      netuid: 24,
      operator: {
        separateApp: false,
        repository: { owner: 'my-org', name: 'operator' },
        workflow: 'evaluate.yml',
      },
      oidc: {
        issuer: 'https://token.actions.githubusercontent.com',
        audience: 'https://referee.example.org',
      },
      github: { webUrl: 'https://github.com', apiUrl: 'https://api.github.com' },
      tasks: ['quasar'],
      debounceMs: 15_000,
      leaseMs: 180_000,
      runnerLabels: ['self-hosted', 'gpu'],
      shares: [0.6, 0.25, 0.1, 0.05],
    });
    expect(config.operator.app).toBe(config.watcher);
  });

  it('reports every problem of an empty environment at once, each with an example', () => {
    expect(problemsOf({})).toEqual([
      'PUBLIC_URL is missing',
      'SUBTENSOR_NETWORK is missing',
      'NETUID is missing',
      'APP_ID is missing',
      'PRIVATE_KEY is missing',
      'WEBHOOK_SECRET is missing',
      'OPERATOR_REPOSITORY is missing',
    ]);
    expect(() => loadConfig({}, noFile)).toThrow(
      /7 problems:[\s\S]*NETUID is missing\n {6}for example: NETUID=24/,
    );
  });

  it('reports bad values and disagreeing variables in the same list', () => {
    const found = problemsOf({
      ...GOOD,
      PORT: '99999',
      NETUID: 'x',
      SHARES: '0.9,0.2',
      OPERATOR_APP_ID: '13',
      WEBHOOK_SECRET_PREVIOUS: SECRET,
      ENABLE_LOGIT_VERIFICATION: 'false',
    });
    expect(found).toEqual([
      'PORT must lie between 0 and 65535',
      'NETUID is not a whole number',
      'SHARES is no policy: shares sum to more than 1: [0.9, 0.2]',
      'OPERATOR_PRIVATE_KEY is missing, but OPERATOR_APP_ID asks for a separate operator App',
      'OPERATOR_WEBHOOK_SECRET is missing, but OPERATOR_APP_ID asks for a separate operator App',
      'WEBHOOK_SECRET_PREVIOUS is the same as WEBHOOK_SECRET: leave it out when no rotation is going on',
      expect.stringContaining('ENABLE_LOGIT_VERIFICATION asks for logits not to be verified'),
    ]);
  });

  it.each([
    ['', 'is missing'],
    ['development', 'is shorter than 16 characters'],
    ['short', 'is shorter than 16 characters'],
  ])('refuses to boot with the webhook secret %j', (value, problem) => {
    expect(problemsOf({ ...GOOD, WEBHOOK_SECRET: value })).toEqual([`WEBHOOK_SECRET ${problem}`]);
  });

  it('takes secrets from files, and names a file that is absent, empty or given beside the variable', () => {
    const { PRIVATE_KEY: _, ...rest } = GOOD;
    const { config } = loadConfig({ ...rest, PRIVATE_KEY_FILE: '/k.pem' }, () => `${pem}\n`);
    expect(config.watcher.privateKey).toBe(pem);
    expect(problemsOf({ ...rest, PRIVATE_KEY_FILE: '/k.pem' })).toEqual([
      'PRIVATE_KEY comes from PRIVATE_KEY_FILE, but that file cannot be read (ENOENT)',
    ]);
    expect(problemsOf({ ...rest, PRIVATE_KEY_FILE: '/k.pem' }, () => '\n')).toEqual([
      'PRIVATE_KEY comes from PRIVATE_KEY_FILE, but that file is empty',
    ]);
    expect(problemsOf({ ...GOOD, PRIVATE_KEY_FILE: '/k.pem' }, () => pem)).toEqual([
      'PRIVATE_KEY is set twice, by itself and by PRIVATE_KEY_FILE: keep one',
    ]);
  });

  it('accepts a key with written-out line breaks and one in base64, and refuses anything else', () => {
    expect(load({ PRIVATE_KEY: pem.replaceAll('\n', '\\n') }).config.watcher.privateKey).toBe(pem);
    expect(load({ PRIVATE_KEY: Buffer.from(pem).toString('base64') }).config.watcher.privateKey).toBe(pem);
    expect(problemsOf({ ...GOOD, PRIVATE_KEY: 'hello' })).toEqual([
      'PRIVATE_KEY is not an RSA private key in PEM form',
    ]);
  });

  it.each([
    ['sqlite:///./old/validator.db', './old/validator.db'],
    ['sqlite:////var/lib/referee.sqlite', 'sqlite:////var/lib/referee.sqlite'],
    ['postgres://referee@db/referee', 'postgres://referee@db/referee'],
  ])('takes the database %s as %s', (given, databaseUrl) => {
    expect(load({ DATABASE_URL: given }).config.databaseUrl).toBe(databaseUrl);
  });

  it('refuses a database of another kind without printing its address', () => {
    expect(problemsOf({ ...GOOD, DATABASE_URL: 'mysql://me:hunter2@db' })).toEqual([
      'DATABASE_URL is neither sqlite:///PATH nor postgres://…',
    ]);
  });

  it('keeps a separate operator App with its own two secrets', () => {
    const { config } = load({
      OPERATOR_APP_ID: '13',
      OPERATOR_PRIVATE_KEY: pem,
      OPERATOR_WEBHOOK_SECRET: 'operator secret, current one',
      OPERATOR_WEBHOOK_SECRET_PREVIOUS: 'operator secret, previous one',
    });
    expect(config.operator.separateApp).toBe(true);
    expect(config.operator.app).toMatchObject({
      appId: 13,
      webhookSecrets: ['operator secret, current one', 'operator secret, previous one'],
    });
  });

  it('derives addresses and issuer of an enterprise server', () => {
    const { config } = load({ GHE_HOST: '127.0.0.1:4700', GHE_PROTOCOL: 'http' });
    expect(config.github).toEqual({
      webUrl: 'http://127.0.0.1:4700',
      apiUrl: 'http://127.0.0.1:4700/api/v3',
    });
    expect(config.oidc.issuer).toBe('http://127.0.0.1:4700/_services/token');
  });

  it('shows no secret in JSON, in inspect, or in a problem', () => {
    const databaseUrl = 'postgres://referee:hunter2hunter2@db/referee';
    const { config } = load({ DATABASE_URL: databaseUrl });
    expect(config.databaseUrl).toBe(databaseUrl);
    for (const text of [JSON.stringify({ config }), inspect({ config }, { depth: 9 })]) {
      expect(text).not.toContain('hunter2');
      expect(text).not.toContain(SECRET);
      expect(text).not.toContain('PRIVATE KEY');
      expect(text).toContain('[secret]');
    }
    expect(problemsOf({ ...GOOD, PRIVATE_KEY: 'my-private-words' }).join()).not.toContain('my-private-words');
  });

  it('is frozen to its leaves', () => {
    const { config } = load();
    expect(() => Object.assign(config.operator.repository, { owner: 'mallory' })).toThrow(TypeError);
  });

  it('warns about names that mean nothing any more, and about a public address in the clear', () => {
    const { warnings } = load({ POLLING_INTERVAL: '300', PUBLIC_URL: 'http://referee.example.org' });
    expect(warnings).toEqual([
      expect.stringMatching(/^POLLING_INTERVAL is ignored: .*RECONCILE_INTERVAL_MS/),
      expect.stringMatching(/^PUBLIC_URL is not https/),
    ]);
  });

  describe('of the chain', () => {
    const HOTKEY = '5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY';
    const OTHER = '5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty';
    const CHAIN = { CHAIN_ENDPOINTS: 'wss://one.example:443,wss://two.example/?key=hush' };
    const GENESIS = `0x${'Ab'.repeat(32)}`;

    it('is none without endpoints', () => {
      expect(load().config.chain).toBeNull();
    });

    it('is a dry run until there is a wallet, on finney with the genesis that everybody knows', () => {
      const { config, warnings } = load(CHAIN);
      expect(config.chain).toEqual({
        endpoints: ['wss://one.example:443', 'wss://two.example/?key=hush'],
        genesisHash: '0x2f0555cc76fc2840a25a6ea3b9637146806f1f44b090c175ffde2a7e5ab36c03',
        blockMs: 12_000,
        hotkey: null,
        wallet: null,
        proxyFor: null,
        versionKey: 0,
        loose: 'owner',
        carryOverMs: 72 * 3_600_000,
      });
      expect(warnings).toEqual(['no wallet is configured: weights are a dry run']);
    });

    it('takes a key file with its password, a signer, and the account that a key is the proxy of', () => {
      const chain = (more: Record<string, string>) => load({ ...CHAIN, ...more }).config.chain;
      expect(chain({ WALLET_FILE: '/k/hot', WALLET_PASSWORD_FILE: '/k/pass' })?.wallet).toEqual({
        kind: 'file',
        file: '/k/hot',
        passwordFile: '/k/pass',
      });
      expect(chain({ SIGNER_SOCKET: '/run/s.sock', WALLET_HOTKEY: HOTKEY })).toMatchObject({
        hotkey: HOTKEY,
        wallet: { kind: 'socket', socket: '/run/s.sock' },
        proxyFor: null,
      });
      expect(chain({ SIGNER_SOCKET: '/run/s.sock', WALLET_PROXY_FOR: HOTKEY })).toMatchObject({
        hotkey: HOTKEY,
        proxyFor: HOTKEY,
      });
    });

    it('shows no endpoint in JSON or inspect: a provider’s holds its key', () => {
      const { config } = load(CHAIN);
      for (const text of [JSON.stringify(config), inspect(config, { depth: 9 })])
        expect(text).not.toContain('hush');
    });

    it('needs the genesis of any other network, and takes another one for finney with a warning', () => {
      expect(problemsOf({ ...GOOD, ...CHAIN, SUBTENSOR_NETWORK: 'local' })).toEqual([
        expect.stringMatching(/^CHAIN_GENESIS is missing: it tells the chain of network local from others/),
      ]);
      const { config, warnings } = load({ ...CHAIN, CHAIN_GENESIS: GENESIS, WALLET_FILE: '/k/hot' });
      expect(config.chain?.genesisHash).toBe(GENESIS.toLowerCase());
      expect(warnings).toEqual(['CHAIN_GENESIS is not that of finney']);
    });

    it('warns of an endpoint in the clear that is not of this machine', () => {
      const warned = (url: string) => load({ CHAIN_ENDPOINTS: url, WALLET_FILE: '/k' }).warnings;
      expect(warned('ws://node.example:9944')).toEqual([expect.stringContaining('ws:// address elsewhere')]);
      expect(warned('ws://127.0.0.1:9944')).toEqual([]);
    });

    it.each([
      [{ WALLET_FILE: '/k' }, 'CHAIN_ENDPOINTS is missing, but WALLET_FILE asks for weights on a chain'],
      [{ ...CHAIN, NETUID: '0' }, 'NETUID is 0, the root network, which takes no weights'],
      [
        { ...CHAIN, WALLET_FILE: '/k', SIGNER_SOCKET: '/s' },
        'SIGNER_SOCKET is set beside WALLET_FILE: keep the one that is to sign',
      ],
      [
        { ...CHAIN, WALLET_PASSWORD_FILE: '/p' },
        'WALLET_FILE is missing, but WALLET_PASSWORD_FILE opens one',
      ],
      [
        { ...CHAIN, WALLET_PROXY_FOR: HOTKEY },
        "WALLET_PROXY_FOR is set without the proxy's key: give it in WALLET_FILE or behind SIGNER_SOCKET",
      ],
      [
        { ...CHAIN, WALLET_FILE: '/k', WALLET_PROXY_FOR: HOTKEY, WALLET_HOTKEY: OTHER },
        'WALLET_HOTKEY is another account than WALLET_PROXY_FOR, whose row a proxy sets: leave it out',
      ],
      [
        { CHAIN_ENDPOINTS: 'https://node.example' },
        'CHAIN_ENDPOINTS has an entry that is not a ws:// or wss:// address without user and password',
      ],
      [{ ...CHAIN, CHAIN_GENESIS: '0x12' }, 'CHAIN_GENESIS is not the hash of a block: 0x and 64 hex digits'],
      [
        { ...CHAIN, WALLET_HOTKEY: 'default' },
        'WALLET_HOTKEY is not an SS58 address of Bittensor, which begins with 5 (the file of the key goes into WALLET_FILE)',
      ],
    ])('refuses %j', (more, problem) => {
      expect(problemsOf({ ...GOOD, ...more } as Record<string, string>)).toEqual([problem]);
    });

    it('passes over the old validator’s name of a hotkey where there is no chain', () => {
      expect(load({ WALLET_HOTKEY: 'default' }).warnings).toEqual([
        'WALLET_HOTKEY is ignored: without CHAIN_ENDPOINTS no weights are sent',
      ]);
    });
  });

  it('has an example for every variable, and every example but the shell ones is itself valid', () => {
    for (const [name, example] of Object.entries(EXAMPLES)) {
      if (example.includes('$(') || example.includes('_FILE=')) continue;
      expect(example.startsWith(`${name}=`), name).toBe(true);
      const field = Environment.shape[name as keyof typeof EXAMPLES];
      expect(field.safeParse(example.slice(name.length + 1)).success, name).toBe(true);
    }
  });
});

/** What the environment and its secret files give, before any value is judged on its own. */
import { genesisOf } from './chain-variables.ts';
import type { ConfigProblem } from './problems.ts';
import { Environment, EXAMPLES, FROM_FILE, type VariableName } from './variables.ts';

export type Variables = Readonly<Record<string, string | undefined>>;

/** Empty variables count as absent; `NAME_FILE` fills `NAME`. */
export function withFiles(
  environment: Variables,
  readFile: (path: string) => string,
  problems: ConfigProblem[],
) {
  const given: Record<string, string | undefined> = {};
  for (const name of Object.keys(Environment.shape)) given[name] = environment[name] || undefined;
  for (const name of FROM_FILE) {
    const variable = `${name}_FILE`;
    // Probot's own name for the file of the key
    const file = environment[variable] || (name === 'PRIVATE_KEY' ? environment.PRIVATE_KEY_PATH : undefined);
    if (!file) continue;
    const bad = (problem: string) =>
      problems.push({
        variable: name,
        problem,
        example: `${variable}=/etc/quasar-referee/${name.toLowerCase()}`,
      });
    if (given[name] !== undefined) {
      bad(`is set twice, by itself and by ${variable}: keep one`);
      continue;
    }
    try {
      given[name] = readFile(file).trim();
      if (given[name] === '') bad(`comes from ${variable}, but that file is empty`);
    } catch (cause) {
      bad(
        `comes from ${variable}, but that file cannot be read (${(cause as { code?: string }).code ?? 'error'})`,
      );
    }
  }
  return given;
}

/** Variables that are fine alone but disagree with each other. */
export function betweenVariables(given: Variables, unreadable: ReadonlySet<string>): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const report = (variable: VariableName, problem: string) =>
    problems.push({ variable, problem, example: EXAMPLES[variable] });
  const separate = ['OPERATOR_APP_ID', 'OPERATOR_PRIVATE_KEY', 'OPERATOR_WEBHOOK_SECRET'] as const;
  const set = separate.filter((name) => given[name] !== undefined || unreadable.has(name));
  if (set.length > 0)
    for (const name of separate)
      if (!set.includes(name))
        report(
          name,
          `is missing, but ${set.join(' and ')} ${set.length > 1 ? 'ask' : 'asks'} for a separate operator App`,
        );
  for (const name of ['WEBHOOK_SECRET', 'OPERATOR_WEBHOOK_SECRET'] as const)
    if (given[name] !== undefined && given[name] === given[`${name}_PREVIOUS`])
      report(`${name}_PREVIOUS`, `is the same as ${name}: leave it out when no rotation is going on`);
  if (given.OPERATOR_APP_ID !== undefined && given.OPERATOR_APP_ID === given.APP_ID)
    report(
      'OPERATOR_APP_ID',
      'is the same as APP_ID: leave the OPERATOR_ credentials out when one App does both',
    );
  problems.push(...aboutChain(given));
  return problems;
}

function aboutChain(given: Variables): ConfigProblem[] {
  const isSet = (name: VariableName) => given[name] !== undefined;
  const demands: readonly (readonly [boolean, VariableName, string])[] = [
    ...(['WALLET_FILE', 'SIGNER_SOCKET'] as const).map(
      (name) =>
        [
          isSet('CHAIN_ENDPOINTS') || !isSet(name),
          'CHAIN_ENDPOINTS',
          `is missing, but ${name} asks for weights on a chain`,
        ] as const,
    ),
    [
      !isSet('CHAIN_ENDPOINTS') ||
        isSet('CHAIN_GENESIS') ||
        !isSet('SUBTENSOR_NETWORK') ||
        genesisOf(given.SUBTENSOR_NETWORK) !== undefined,
      'CHAIN_GENESIS',
      `is missing: it tells the chain of network ${given.SUBTENSOR_NETWORK} from others (ask a node you trust for chain_getBlockHash of block 0)`,
    ],
    [
      !isSet('CHAIN_ENDPOINTS') || given.NETUID !== '0',
      'NETUID',
      'is 0, the root network, which takes no weights',
    ],
    [
      !(isSet('WALLET_FILE') && isSet('SIGNER_SOCKET')),
      'SIGNER_SOCKET',
      'is set beside WALLET_FILE: keep the one that is to sign',
    ],
    [
      !isSet('WALLET_PASSWORD_FILE') || isSet('WALLET_FILE'),
      'WALLET_FILE',
      'is missing, but WALLET_PASSWORD_FILE opens one',
    ],
    [
      !isSet('WALLET_PROXY_FOR') || isSet('WALLET_FILE') || isSet('SIGNER_SOCKET'),
      'WALLET_PROXY_FOR',
      "is set without the proxy's key: give it in WALLET_FILE or behind SIGNER_SOCKET",
    ],
    [
      !(isSet('WALLET_PROXY_FOR') && isSet('WALLET_HOTKEY')) ||
        given.WALLET_PROXY_FOR === given.WALLET_HOTKEY,
      'WALLET_HOTKEY',
      'is another account than WALLET_PROXY_FOR, whose row a proxy sets: leave it out',
    ],
  ];
  return demands
    .filter(([holds]) => !holds)
    .map(([, variable, problem]) => ({ variable, problem, example: EXAMPLES[variable] }));
}

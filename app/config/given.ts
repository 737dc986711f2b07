/** What the environment and its secret files give, before any value is judged on its own. */
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
  return problems;
}

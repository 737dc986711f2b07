/** What was wrong with the configuration, said to a person. */

export interface ConfigProblem {
  readonly variable: string;
  /** Completes the sentence that begins with the variable's name; never holds the value. */
  readonly problem: string;
  readonly example: string;
}

/** Everything that is wrong with the environment; the message is a list for a person. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly code = 'bad_configuration';
  readonly retryable = false;
  readonly userMessage: string;
  constructor(readonly problems: readonly ConfigProblem[]) {
    const lines = problems.map((p) => `  ${p.variable} ${p.problem}\n      for example: ${p.example}`);
    const message = `The configuration has ${problems.length} problem${problems.length === 1 ? '' : 's'}:\n${lines.join('\n')}`;
    super(message);
    this.userMessage = message;
  }
}

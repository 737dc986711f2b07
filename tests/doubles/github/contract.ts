/** What the double found when it held the conversation against GitHub's own description of its API. */
import type { Json } from './repositories.ts';

export interface Finding {
  /** Operation or webhook, e.g. `checks/create 201` or `push`. */
  readonly subject: string;
  readonly errors: readonly string[];
}

export interface Validator {
  /** Errors of a request; an operation that is not in the extract is one too. */
  request(method: string, path: string, query: URLSearchParams, body: unknown): Finding | null;
  /** Errors of one of our own answers, without emulate's known deviations. */
  response(method: string, path: string, status: number, body: unknown): Finding | null;
  webhook(event: string, payload: Json): Finding | null;
}

export class Contract {
  /** Requests of the App that GitHub would have refused; each got 422. */
  readonly badRequests: Finding[] = [];
  /** Answers of the double that GitHub would not have given: mend the double or name the deviation. */
  readonly badResponses: Finding[] = [];
  readonly badWebhooks: Finding[] = [];
  requests = 0;
  webhooks = 0;
  readonly #validator: Validator | null;

  /** Without a validator nothing is checked. */
  constructor(validator: Validator | null) {
    this.#validator = validator;
  }

  get active(): boolean {
    return this.#validator !== null;
  }

  request(method: string, path: string, query: URLSearchParams, body: unknown): Finding | null {
    this.requests++;
    const finding = this.#validator?.request(method, path, query, body) ?? null;
    if (finding) this.badRequests.push(finding);
    return finding;
  }

  response(method: string, path: string, status: number, body: unknown): void {
    const finding = this.#validator?.response(method, path, status, body);
    if (finding) this.badResponses.push(finding);
  }

  webhook(event: string, payload: Json): void {
    this.webhooks++;
    const finding = this.#validator?.webhook(event, payload);
    if (finding) this.badWebhooks.push(finding);
  }

  /** Throws with all findings; call at the end of a test. */
  assertClean(): void {
    const lines = Object.entries({
      'request GitHub would refuse': this.badRequests,
      'answer GitHub would not give': this.badResponses,
      'webhook GitHub would not send': this.badWebhooks,
    }).flatMap(([what, findings]) =>
      findings.map(({ subject, errors }) => `${what}: ${subject}: ${errors.slice(0, 5).join('; ')}`),
    );
    if (lines.length > 0) throw new Error([...new Set(lines)].join('\n'));
  }
}

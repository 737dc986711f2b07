/** Holds requests, answers and events against GitHub's own description of its API (OpenAPI by ajv). */
import { Ajv, type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';
import type { Finding, Validator } from './contract.ts';
import { isKnown } from './deviations.ts';
import { extractPath, readExtract } from './openapi-cache.ts';
import type { Description, Extract, JsonObject } from './openapi-extract.ts';
import type { Json } from './repositories.ts';
import { compilePath } from './router.ts';
import { unknownProperties } from './unknown-properties.ts';

/** Null, said once on stderr, where the extract was not prepared; an error with REQUIRE_ALL=1. */
export function loadValidator(): Validator | null {
  const extract = readExtract();
  if (extract) return new OpenApiValidator(extract);
  const hint = `${extractPath()} is absent; make it with: npx tsx tests/doubles/github/prepare-openapi.ts`;
  if (process.env.REQUIRE_ALL === '1') throw new Error(`contract checks are required, but ${hint}`);
  sayOnce(`offline GitHub: contract checks are off: ${hint}`);
  return null;
}

interface Operation {
  readonly subject: string;
  readonly method: string;
  readonly pointer: string;
  readonly definition: JsonObject;
  readonly pattern: RegExp;
  readonly names: readonly string[];
  readonly fixed: number;
}

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
  readonly schema: { readonly type?: string };
}

class OpenApiValidator implements Validator {
  readonly #extract: Extract;
  readonly #ajv: Ajv;
  readonly #operations: Operation[];
  readonly #compiled = new Map<string, ValidateFunction>();

  constructor(extract: Extract) {
    this.#extract = extract;
    this.#ajv = new Ajv({ strict: false, allErrors: true, logger: false });
    addFormats.default(this.#ajv);
    for (const format of ['repo.nwo', 'ssh-key', 'timestamp']) this.#ajv.addFormat(format, true);
    this.#ajv.addSchema(extract.rest, 'rest').addSchema(extract.webhooks, 'webhooks');
    this.#operations = Object.entries(extract.rest.paths)
      .flatMap(([path, methods]) =>
        Object.entries(methods).map(([method, definition]) => ({
          subject: `${method.toUpperCase()} ${path}`,
          method: method.toUpperCase(),
          pointer: `/paths/${escapePointer(path)}/${method}`,
          definition,
          ...compilePath(path),
        })),
      )
      .sort((a, b) => b.fixed - a.fixed);
  }

  request(method: string, path: string, query: URLSearchParams, body: unknown): Finding | null {
    const found = this.#find(method, path);
    if (!found)
      return {
        subject: `${method} ${path}`,
        errors: ['not in operations.ts, or not a call that GitHub has'],
      };
    const { operation, values } = found;
    const errors = [...this.#parameterErrors(operation, values, query), ...this.#bodyErrors(operation, body)];
    return finding(operation.subject, errors);
  }

  response(method: string, path: string, status: number, body: unknown): Finding | null {
    const found = this.#find(method, path);
    if (!found || status >= 400 || status === 301 || status === 307) return null;
    const subject = `${found.operation.subject} ${status}`;
    const responses = found.operation.definition.responses as Record<string, JsonObject>;
    const response = responses[status];
    if (!response) return { subject, errors: [`GitHub answers ${Object.keys(responses).join(', ')}`] };
    const pointer = pointerTo(response, `${found.operation.pointer}/responses/${status}`);
    const content = this.#resolve('rest', response).content as JsonObject | undefined;
    if (!content?.['application/json']) return null;
    return finding(subject, this.#errors(`rest#${pointer}/content/application~1json/schema`, body));
  }

  webhook(event: string, payload: Json): Finding | null {
    const names = [`${event}-${payload.action}`, event].map((name) => name.replaceAll('_', '-'));
    const name = names.find((candidate) => candidate in this.#extract.webhooks.paths);
    if (!name)
      return {
        subject: names[0] ?? event,
        errors: ['not in operations.ts, or not an event that GitHub sends'],
      };
    const schema = `webhooks#/paths/${name}/post/requestBody/content/application~1json/schema`;
    return finding(name, this.#errors(schema, payload));
  }

  #find(method: string, path: string): { operation: Operation; values: Record<string, string> } | null {
    for (const operation of this.#operations) {
      const match = operation.method === method ? operation.pattern.exec(path) : null;
      if (!match) continue;
      const pairs = operation.names.map((name, at) => [name, decodeURIComponent(match[at + 1] ?? '')]);
      return { operation, values: Object.fromEntries(pairs) };
    }
    return null;
  }

  #parameterErrors(operation: Operation, values: Record<string, string>, query: URLSearchParams): string[] {
    const errors: string[] = [];
    const known = new Set<string>();
    for (const [at, item] of ((operation.definition.parameters ?? []) as JsonObject[]).entries()) {
      const parameter = this.#resolve('rest', item) as unknown as Parameter;
      if (parameter.in === 'header') continue;
      if (parameter.in === 'query') known.add(parameter.name);
      const text =
        parameter.in === 'path' ? values[parameter.name] : (query.get(parameter.name) ?? undefined);
      if (text === undefined) {
        if (parameter.required) errors.push(`${parameter.in} ${parameter.name} is missing`);
        continue;
      }
      const pointer = pointerTo(item, `${operation.pointer}/parameters/${at}`);
      const found = this.#errors(`rest#${pointer}/schema`, coerce(text, parameter.schema.type));
      errors.push(...found.map((error) => `${parameter.in} ${parameter.name}: ${error}`));
    }
    // Its schemas are open; a misspelt name would be ignored in silence.
    for (const name of query.keys()) if (!known.has(name)) errors.push(`query ${name} is unknown`);
    return errors;
  }

  #bodyErrors(operation: Operation, body: unknown): string[] {
    const item = operation.definition.requestBody as JsonObject | undefined;
    if (!item) return [];
    const definition = this.#resolve('rest', item);
    if (body === undefined) return definition.required ? ['body is missing'] : [];
    const pointer = pointerTo(item, `${operation.pointer}/requestBody`);
    const media = (definition.content as Record<string, { schema: JsonObject }>)['application/json'];
    return [
      ...this.#errors(`rest#${pointer}/content/application~1json/schema`, body),
      ...unknownProperties(media?.schema ?? {}, body, (schema) => this.#resolve('rest', schema)),
    ].map((error) => `body ${error}`);
  }

  #errors(schema: string, value: unknown): string[] {
    const validate = this.#compiled.get(schema) ?? this.#ajv.compile({ $ref: schema });
    this.#compiled.set(schema, validate);
    if (validate(value)) return [];
    return (validate.errors ?? []).map(({ instancePath, message, params }) => {
      const allowed = params.allowedValues ? ` ${JSON.stringify(params.allowedValues).slice(0, 100)}` : '';
      return `${instancePath || '/'} ${message}${allowed}`;
    });
  }

  #resolve(part: keyof Extract, item: JsonObject): JsonObject {
    let current = item;
    while (typeof current.$ref === 'string') {
      const [, , kind = '', name = ''] = current.$ref.split('/');
      const components: Description['components'] = this.#extract[part].components;
      current = components[kind]?.[name] ?? {};
    }
    return current;
  }
}

function finding(subject: string, errors: readonly string[]): Finding | null {
  const unexpected = errors.filter((error) => !isKnown(subject, error));
  return unexpected.length > 0 ? { subject, errors: unexpected } : null;
}

function pointerTo(item: JsonObject, otherwise: string): string {
  return typeof item.$ref === 'string' ? item.$ref.slice(1) : otherwise;
}

function escapePointer(path: string): string {
  return encodeURIComponent(path.replaceAll('~', '~0').replaceAll('/', '~1'));
}

function coerce(text: string, type: string | undefined): unknown {
  if (type === 'integer' || type === 'number') return Number(text);
  return type === 'boolean' ? text === 'true' : text;
}

const said = new Set<string>();
function sayOnce(line: string): void {
  if (said.has(line)) return;
  said.add(line);
  console.error(line);
}

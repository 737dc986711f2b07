/** Cuts GitHub's API description down to what we use and turns its OpenAPI 3.0 schemas into JSON Schema. */

export type JsonObject = { [key: string]: unknown };

/** `paths` or `webhooks`, with every schema, parameter, response and header that they refer to. */
export interface Description extends JsonObject {
  readonly paths: Record<string, Record<string, JsonObject>>;
  readonly components: Record<string, Record<string, JsonObject>>;
}

export interface Extract {
  readonly rest: Description;
  readonly webhooks: Description;
}

/** Raised when the form of the extract changes, so that older ones are made anew. */
export const EXTRACT_VERSION = 1;

const PROSE = new Set(['description', 'summary', 'example', 'examples', 'tags', 'externalDocs', 'x-github']);

/** `wanted` are lines of operations.ts; throws for one that GitHub does not have. */
export function extractOperations(document: JsonObject, wanted: readonly string[]): Description {
  const all = document.paths as Description['paths'];
  const paths: Description['paths'] = {};
  for (const line of wanted) {
    const [method = '', path = ''] = line.split(' ');
    const operation = all[path]?.[method.toLowerCase()];
    if (!operation) throw new Error(`GitHub describes no operation ${line}`);
    paths[path] = { ...paths[path], [method.toLowerCase()]: toJsonSchema(operation) as JsonObject };
  }
  return { paths, components: closure(document, paths) };
}

/** `wanted` are names of operations.ts; each becomes a path of its own name with a `post`. */
export function extractWebhooks(document: JsonObject, wanted: readonly string[]): Description {
  const all = document.webhooks as Description['paths'];
  const paths: Description['paths'] = {};
  for (const name of wanted) {
    const post = all[name]?.post;
    if (!post) throw new Error(`GitHub describes no webhook ${name}`);
    paths[name] = { post: toJsonSchema(post) as JsonObject };
  }
  return { paths, components: closure(document, paths) };
}

function closure(document: JsonObject, from: unknown): Description['components'] {
  const components: Description['components'] = {};
  const open = [...references(from)];
  for (let reference = open.pop(); reference !== undefined; reference = open.pop()) {
    const [, , kind = '', name = ''] = reference.split('/');
    if (components[kind]?.[name]) continue;
    const source = (document.components as Description['components'])[kind]?.[name];
    if (!source) throw new Error(`dangling reference ${reference}`);
    const component = toJsonSchema(source) as JsonObject;
    components[kind] = { ...components[kind], [name]: component };
    open.push(...references(component));
  }
  return components;
}

function* references(value: unknown): Generator<string> {
  if (Array.isArray(value)) for (const item of value) yield* references(item);
  else if (typeof value === 'object' && value !== null)
    for (const [key, item] of Object.entries(value))
      if (key === '$ref' && typeof item === 'string') yield item;
      else yield* references(item);
}

/** Drops prose and expresses `nullable`, which JSON Schema lacks. `isNames`: the keys are names chosen by GitHub. */
function toJsonSchema(value: unknown, isNames = false): unknown {
  if (Array.isArray(value)) return value.map((item) => toJsonSchema(item));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([key]) => isNames || !PROSE.has(key));
  const schema: JsonObject = Object.fromEntries(
    entries.map(([key, item]) => [
      key,
      key === 'enum' ? item : toJsonSchema(item, key === 'properties' && !isNames),
    ]),
  );
  if (isNames || schema.nullable !== true) return schema;
  delete schema.nullable;
  return { anyOf: [schema, { type: 'null' }] };
}

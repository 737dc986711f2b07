import type { JsonObject } from './openapi-extract.ts';

/**
 * Properties of `value`, at any depth, that the schema names nowhere. GitHub's schemas are open, so a misspelt
 * property passes them, is ignored, and is found in production.
 */
export function unknownProperties(
  schema: JsonObject,
  value: unknown,
  resolve: (schema: JsonObject) => JsonObject,
  at = '',
): string[] {
  const branches = alternatives(schema, resolve);
  if (Array.isArray(value)) {
    const items = branches.flatMap((branch) => (branch.items ? [branch.items as JsonObject] : []));
    return value.flatMap((item, index) =>
      unknownProperties({ anyOf: items }, item, resolve, `${at}/${index}`),
    );
  }
  if (typeof value !== 'object' || value === null) return [];
  const declared = new Map<string, JsonObject[]>();
  for (const branch of branches)
    for (const [name, property] of Object.entries((branch.properties ?? {}) as Record<string, JsonObject>))
      declared.set(name, [...(declared.get(name) ?? []), property]);
  const isOpen = declared.size === 0 || branches.some(({ additionalProperties }) => additionalProperties);
  return Object.entries(value).flatMap(([name, item]) => {
    const schemas = declared.get(name);
    if (schemas) return unknownProperties({ anyOf: schemas }, item, resolve, `${at}/${name}`);
    return isOpen ? [] : [`${at}/${name} is unknown`];
  });
}

function alternatives(schema: JsonObject, resolve: (schema: JsonObject) => JsonObject): JsonObject[] {
  const own = resolve(schema);
  const nested = ['oneOf', 'anyOf', 'allOf'].flatMap((key) => (own[key] ?? []) as JsonObject[]);
  return [own, ...nested.flatMap((branch) => alternatives(branch, resolve))];
}

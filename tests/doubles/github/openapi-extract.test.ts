import { describe, expect, it } from 'vitest';
import { extractOperations, extractWebhooks, type JsonObject } from './openapi-extract.ts';
import { unknownProperties } from './unknown-properties.ts';

const document = {
  paths: {
    '/things/{id}': {
      get: {
        description: 'prose',
        parameters: [{ $ref: '#/components/parameters/id' }],
        responses: { 200: { $ref: '#/components/responses/thing' } },
      },
      delete: { responses: {} },
    },
  },
  webhooks: { 'thing-made': { post: { requestBody: { $ref: '#/components/schemas/thing' } } } },
  components: {
    parameters: { id: { name: 'id', in: 'path', description: 'prose' } },
    responses: { thing: { content: { schema: { $ref: '#/components/schemas/thing' } } } },
    schemas: {
      thing: {
        properties: {
          description: { type: 'string', nullable: true, example: 'x' },
          next: { nullable: true, allOf: [{ $ref: '#/components/schemas/thing' }] },
        },
      },
      unused: {},
    },
  },
};

describe('the extract of a description', () => {
  it('holds the wanted operations and all that they refer to, without prose', () => {
    const extract = extractOperations(document, ['GET /things/{id}']);
    expect(Object.keys(extract.paths['/things/{id}'] ?? {})).toEqual(['get']);
    expect(Object.keys(extract.components.schemas ?? {})).toEqual(['thing']);
    expect(JSON.stringify(extract)).not.toContain('prose');
  });

  it('keeps properties that are named like prose, and says null as JSON Schema does', () => {
    const { components } = extractWebhooks(document, ['thing-made']);
    expect(components.schemas?.thing?.properties).toEqual({
      description: { anyOf: [{ type: 'string' }, { type: 'null' }] },
      next: { anyOf: [{ allOf: [{ $ref: '#/components/schemas/thing' }] }, { type: 'null' }] },
    });
  });

  it('fails for what GitHub does not have', () => {
    expect(() => extractOperations(document, ['POST /things/{id}'])).toThrow('no operation POST');
    expect(() => extractWebhooks(document, ['thing-lost'])).toThrow('no webhook thing-lost');
  });
});

describe('unknownProperties', () => {
  const schema = {
    properties: {
      name: {},
      output: { anyOf: [{ properties: { title: {} } }, { type: 'null' }] },
      list: { type: 'array', items: { $ref: 'item' } },
      inputs: { additionalProperties: true },
    },
  };
  const resolve = (item: JsonObject) => (item.$ref === 'item' ? { properties: { line: {} } } : item);

  it('finds misspelt names at any depth', () => {
    const value = { nam: 1, output: { titel: 1 }, list: [{ line: 1 }, { lines: 1 }] };
    expect(unknownProperties(schema, value, resolve)).toEqual([
      '/nam is unknown',
      '/output/titel is unknown',
      '/list/1/lines is unknown',
    ]);
  });

  it('leaves maps of free names alone', () => {
    expect(unknownProperties(schema, { inputs: { anything: { at: 'all' } } }, resolve)).toEqual([]);
  });
});

import { z } from 'zod';
import { ERROR_STATUS } from '../kernel/errors.ts';
import { fieldFacts, type JsonSchema } from './fields.ts';
import type { Operation } from './operation.ts';

const ENVELOPE: JsonSchema = {
  id: { type: 'string', format: 'uuid' },
  version: { type: 'integer', format: 'int64', minimum: 1 },
  dtCreated: { type: 'string', format: 'date-time' },
  dtLastModified: { type: 'string', format: 'date-time' },
  createdBy: { type: 'string' },
  lastModifiedBy: { type: 'string' },
};

const PROBLEM: JsonSchema = {
  type: 'object',
  required: ['message'],
  properties: {
    message: { type: 'string' },
    code: { type: 'string', enum: Object.keys(ERROR_STATUS) },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        required: ['field', 'message'],
        properties: { field: { type: 'string' }, message: { type: 'string' } },
      },
    },
  },
};

/** The OpenAPI 3.1 document of all operations; pure, so that the committed file can be compared with it. */
export function openApiDocument(operations: readonly Operation[]): JsonSchema {
  const paths: Record<string, Record<string, JsonSchema>> = {};
  for (const operation of operations) {
    const path = `/organizations/{orgId}${operation.path}`;
    paths[path] = { ...paths[path], [operation.method.toLowerCase()]: operationObject(path, operation) };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Meterbook', version: '0.1.0', license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    paths: Object.fromEntries(Object.entries(paths).sort(([a], [b]) => (a < b ? -1 : 1))),
    components: {
      schemas: { Problem: PROBLEM },
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
    },
    security: [{ bearer: [] }],
  };
}

function operationObject(path: string, operation: Operation): JsonSchema {
  const body = operation.body && { ...jsonSchemaOf(operation.body) };
  const withVersion = operation.method === 'PUT' && body ? addedProperty(body, 'version') : body;
  const problem = { content: { 'application/json': { schema: { $ref: '#/components/schemas/Problem' } } } };
  return {
    operationId: operation.id,
    summary: operation.summary,
    tags: [operation.tag],
    parameters: [...pathParameters(path), ...queryParameters(operation)],
    ...(withVersion && { requestBody: { content: { 'application/json': { schema: withVersion } } } }),
    responses: {
      200: { description: 'success', content: { 'application/json': { schema: answerSchema(operation) } } },
      400: { description: 'refused', ...problem },
      403: { description: 'not permitted', ...problem },
      404: { description: 'not found', ...problem },
    },
  };
}

function addedProperty(schema: JsonSchema, name: string): JsonSchema {
  const properties = schema['properties'] as JsonSchema;
  return { ...schema, properties: { ...properties, [name]: { type: 'integer', format: 'int64' } } };
}

function pathParameters(path: string): JsonSchema[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
}

function queryParameters(operation: Operation): JsonSchema[] {
  const properties = operation.query ? (jsonSchemaOf(operation.query)['properties'] as JsonSchema) : {};
  return Object.entries(properties).map(([name, schema]) => ({ name, in: 'query', required: false, schema }));
}

function answerSchema(operation: Operation): JsonSchema {
  if (!operation.response) return { type: 'object' };
  const fields = jsonSchemaOf(operation.response);
  if (operation.answers === 'whole') return fields;
  const entity = {
    type: 'object',
    required: ['id'],
    properties: { ...ENVELOPE, ...(fields['properties'] as JsonSchema) },
  };
  if (operation.answers === 'object') return entity;
  const properties = { data: { type: 'array', items: entity }, nextToken: { type: 'string' } };
  return { type: 'object', required: ['data'], properties };
}

/** The JSON Schema of a declared schema: kinds of fields bring their own, the rest is zod's. */
export function jsonSchemaOf(schema: z.ZodType): JsonSchema {
  const { $schema: _, ...json } = z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      const facts = fieldFacts.get(zodSchema as unknown as z.ZodType);
      if (facts?.json) replaceKeywords(jsonSchema, facts.json);
      else if (facts?.optional) withoutNull(jsonSchema);
      const shape = (zodSchema as { shape?: Record<string, z.ZodType> }).shape;
      if (shape)
        jsonSchema.required = Object.keys(shape).filter((name) => !isOptional(shape[name] as z.ZodType));
      if (jsonSchema.required?.length === 0) delete jsonSchema.required;
    },
  });
  return json;
}

function replaceKeywords(target: Record<string, unknown>, keywords: JsonSchema): void {
  for (const key of Object.keys(target)) delete target[key];
  Object.assign(target, keywords);
}

/** null means "left out" for optional fields and is not worth showing as a type of its own. */
function withoutNull(json: Record<string, unknown>): void {
  if (Array.isArray(json['type'])) json['type'] = json['type'].find((type) => type !== 'null');
  const alternatives = json['anyOf'];
  if (!Array.isArray(alternatives)) return;
  const rest = alternatives.filter((item: JsonSchema) => item['type'] !== 'null');
  if (rest.length === 1) replaceKeywords(json, rest[0]);
}

function isOptional(schema: z.ZodType): boolean {
  return fieldFacts.get(schema)?.optional === true;
}

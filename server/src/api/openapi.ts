import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { ERROR_STATUS } from '../kernel/errors.ts';
import type { PublicRoute } from './app.ts';
import { fieldFacts, type JsonSchema } from './fields.ts';
import type { Operation, RouteFacts } from './operation.ts';

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

/** Schemas that the document names, each written once however many operations use it. */
type Components = { readonly names: Map<z.ZodType, string>; readonly schemas: Record<string, JsonSchema> };

/**
 * The OpenAPI 3.1 document of all operations and of the routes that describe themselves; pure, so that the
 * committed file can be compared with it.
 */
export function openApiDocument(
  operations: readonly Operation[],
  routes: readonly PublicRoute[] = [],
): JsonSchema {
  const components: Components = { names: new Map(), schemas: { Problem: PROBLEM } };
  const versioned = new Set(operations.filter(takesVersion).map(({ body }) => body));
  const paths: Record<string, Record<string, JsonSchema>> = {};
  for (const operation of operations) {
    const path = `/organizations/{orgId}${operation.path}`;
    const request = operation.body && requestReference(components, operation, versioned.has(operation.body));
    const answer = answerSchema(components, operation);
    const described = operationObject({ path, operation, request, answer });
    paths[path] = { ...paths[path], [operation.method.toLowerCase()]: described };
  }
  for (const { method, path, described } of routes) {
    if (described)
      paths[path] = { ...paths[path], [method.toLowerCase()]: routeObject(components, described) };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Meterbook', version: '0.1.0', license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    paths: sortedByName(paths),
    components: {
      schemas: sortedByName(components.schemas),
      responses: {
        Refused: problemAnswer('the request is not valid, or something else stands against it'),
        NotPermitted: problemAnswer('no valid token, another organization, or no permission'),
        NotFound: problemAnswer('there is nothing at this place'),
        NotSignedIn: problemAnswer('the access key or the secret is wrong'),
      },
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
        basic: { type: 'http', scheme: 'basic' },
      },
    },
    security: [{ bearer: [] }],
  };
}

function sortedByName<T>(record: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function problemAnswer(description: string): JsonSchema {
  return { description, ...content({ $ref: '#/components/schemas/Problem' }) };
}

function content(schema: JsonSchema): JsonSchema {
  return { content: { 'application/json': { schema } } };
}

type Described = {
  readonly path: string;
  readonly operation: Operation;
  readonly request: JsonSchema | null;
  readonly answer: JsonSchema;
};

function operationObject({ path, operation, request, answer }: Described): JsonSchema {
  return {
    operationId: operation.id,
    summary: operation.summary,
    tags: [operation.tag],
    parameters: [...pathParameters(path), ...queryParameters(operation)],
    ...(request && { requestBody: content(request) }),
    responses: {
      200: {
        description: 'success',
        ...(operation.fileType ? fileContent(operation.fileType) : content(answer)),
      },
      400: { $ref: '#/components/responses/Refused' },
      403: { $ref: '#/components/responses/NotPermitted' },
      404: { $ref: '#/components/responses/NotFound' },
    },
  };
}

const REFUSALS = { 400: 'Refused', 401: 'NotSignedIn', 403: 'NotPermitted' };

function routeObject(components: Components, facts: RouteFacts): JsonSchema {
  const { id, summary, tag, query = null, body, bodyTypes = [], signIn, refusals } = facts;
  const schema = body && jsonSchemaOf(body);
  const types = schema ? ['application/json', ...bodyTypes] : [];
  const refused = refusals.map((status) => [status, { $ref: `#/components/responses/${REFUSALS[status]}` }]);
  return {
    operationId: id,
    summary,
    tags: [tag],
    security: signIn === 'none' ? [] : [{ [signIn]: [] }],
    parameters: queryParameters({ query }),
    ...(schema && { requestBody: { content: Object.fromEntries(types.map((type) => [type, { schema }])) } }),
    responses: {
      200: { description: 'success', ...content(answerSchema(components, facts)) },
      ...Object.fromEntries(refused),
    },
  };
}

function fileContent(fileType: string): JsonSchema {
  const [mediaType = fileType] = fileType.split(';');
  return { content: { [mediaType]: { schema: { type: 'string', format: 'binary' } } } };
}

/**
 * A reference to the component of a schema: named by the tag, or by the operation when the tag stands for
 * another shape.
 */
function reference(
  components: Components,
  schema: z.ZodType,
  component: { readonly names: readonly string[]; readonly make: () => JsonSchema },
): JsonSchema {
  let name = components.names.get(schema);
  if (name === undefined) {
    const made = component.make();
    const fits = (known: JsonSchema | undefined) => known === undefined || isDeepStrictEqual(known, made);
    name = component.names.find((candidate) => fits(components.schemas[candidate])) ?? '';
    components.names.set(schema, name);
    components.schemas[name] = made;
  }
  return { $ref: `#/components/schemas/${name}` };
}

function takesVersion(operation: Operation): boolean {
  return operation.takesVersion ?? operation.method === 'PUT';
}

function requestReference(components: Components, operation: Operation, isVersioned: boolean): JsonSchema {
  const schema = operation.body as z.ZodType;
  const names = [`${operation.tag}Request`, `${operation.id}Request`];
  const make = () => (isVersioned ? withVersion(jsonSchemaOf(schema)) : jsonSchemaOf(schema));
  return reference(components, schema, { names, make });
}

function withVersion(schema: JsonSchema): JsonSchema {
  const properties = schema['properties'] as JsonSchema;
  return { ...schema, properties: { ...properties, version: { type: 'integer', format: 'int64' } } };
}

function pathParameters(path: string): JsonSchema[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
}

function queryParameters(operation: Pick<Operation, 'query'>): JsonSchema[] {
  const properties = operation.query ? (jsonSchemaOf(operation.query)['properties'] as JsonSchema) : {};
  return Object.entries(properties).map(([name, schema]) => ({ name, in: 'query', required: false, schema }));
}

type Answering = Pick<Operation, 'id' | 'tag' | 'answers' | 'response'>;

function answerSchema(components: Components, operation: Answering): JsonSchema {
  const schema = operation.response;
  if (!schema) return { type: 'object' };
  const names = [`${operation.tag}Response`, `${operation.id}Response`];
  const make = () => (operation.answers === 'whole' ? jsonSchemaOf(schema) : entitySchema(schema));
  const answer = reference(components, schema, { names, make });
  if (operation.answers !== 'page' && operation.answers !== 'pageWithFirst') return answer;
  const properties = { data: { type: 'array', items: answer }, nextToken: { type: 'string' } };
  const page = { type: 'object', required: ['data'], properties };
  if (operation.answers === 'page') return page;
  const first = entitySchema(schema)['properties'] as JsonSchema;
  return { ...page, properties: { ...first, ...properties } };
}

function entitySchema(schema: z.ZodType): JsonSchema {
  const fields = jsonSchemaOf(schema)['properties'] as JsonSchema;
  return { type: 'object', required: ['id'], properties: { ...ENVELOPE, ...fields } };
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
      if (shape) jsonSchema.required = Object.keys(shape).filter((name) => isRequired(shape[name]));
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

function isRequired(schema: z.ZodType | undefined): boolean {
  const facts = schema && fieldFacts.get(schema);
  return facts?.optional !== true || facts.requiredByRule === true;
}

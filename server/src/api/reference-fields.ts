import type { JsonSchema } from './fields.ts';

/** One field of a body as the reference shows it. */
export type FieldRow = {
  /** Dotted, with `[]` behind lists and `{name}` for free names: `segments[].products`. */
  readonly name: string;
  readonly type: string;
  readonly isRequired: boolean;
  readonly limits: string;
};

/** How deep nested fields are shown. */
const MAX_DEPTH = 6;

type Schemas = { readonly [name: string]: JsonSchema };
type Place = { readonly prefix: string; readonly depth: number };

/** All fields of a JSON Schema, nested ones after the field that holds them. */
export function fieldRows(schema: JsonSchema, schemas: Schemas): FieldRow[] {
  return rowsOf(schema, schemas, { prefix: '', depth: 0 });
}

function rowsOf(given: JsonSchema, schemas: Schemas, { prefix, depth }: Place): FieldRow[] {
  const schema = resolved(given, schemas);
  if (depth > MAX_DEPTH) return [];
  const items = schema['items'];
  if (items) return rowsOf(items as JsonSchema, schemas, { prefix: `${prefix}[]`, depth: depth + 1 });
  const required = new Set((schema['required'] ?? []) as readonly string[]);
  return Object.entries((schema['properties'] ?? {}) as Schemas).flatMap(([name, property]) => {
    const path = prefix === '' ? name : `${prefix}.${name}`;
    const own = resolved(property, schemas);
    const row = {
      name: path,
      type: typeOf(own, schemas),
      isRequired: required.has(name),
      limits: limitsOf(own),
    };
    return [row, ...rowsOf(own, schemas, { prefix: path, depth: depth + 1 })];
  });
}

function resolved(schema: JsonSchema, schemas: Schemas): JsonSchema {
  const reference = schema['$ref'];
  if (typeof reference !== 'string') return schema;
  return schemas[reference.slice(reference.lastIndexOf('/') + 1)] ?? {};
}

/** The type of a value in words, such as `string (date)` or `list of integer`. */
export function typeOf(given: JsonSchema, schemas: Schemas): string {
  const schema = resolved(given, schemas);
  const alternatives = (schema['anyOf'] ?? schema['oneOf']) as readonly JsonSchema[] | undefined;
  if (alternatives) return alternatives.map((one) => typeOf(one, schemas)).join(' or ');
  if (schema['items']) return `list of ${typeOf(schema['items'] as JsonSchema, schemas)}`;
  const type = schema['type'];
  const name = Array.isArray(type) ? type.join(' or ') : String(type ?? 'any value');
  return typeof schema['format'] === 'string' ? `${name} (${schema['format']})` : name;
}

const WORDS: Readonly<Record<string, string>> = {
  minLength: 'at least this many characters:',
  maxLength: 'at most this many characters:',
  minimum: 'from',
  exclusiveMinimum: 'more than',
  maximum: 'to',
  exclusiveMaximum: 'less than',
  minItems: 'items at least:',
  maxItems: 'items at most:',
  maxProperties: 'entries at most:',
  pattern: 'matches',
};

/** Limits and the values of an enumeration, in words. */
export function limitsOf(schema: JsonSchema): string {
  const values = schema['enum'];
  const said = Object.keys(WORDS).flatMap((keyword) =>
    schema[keyword] === undefined ? [] : [`${WORDS[keyword]} ${String(schema[keyword])}`],
  );
  const one = Array.isArray(values) ? [`one of ${values.join(', ')}`] : [];
  const items = schema['items'];
  const ofItems = items ? limitsOf(items as JsonSchema) : '';
  return [...one, ...said, ...(ofItems ? [`each: ${ofItems}`] : [])].join('; ');
}

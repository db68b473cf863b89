import type { z } from 'zod';
import { startOfDate, Temporal } from '../kernel/time.ts';
import type { Row } from '../store/database.ts';
import { fieldFacts, innerSchema } from './fields.ts';
import type { AnyCall } from './operation.ts';
import { organizationZone } from './organization-zone.ts';
import type { Declared, Fields } from './resource-spec.ts';

/**
 * Bare dates in date-time fields become midnight in the organization's zone, wherever they stand in the body
 * (spec 10 §2).
 */
export async function placed<F extends Fields>(
  resource: Declared<F>,
  call: AnyCall,
  values: Row,
): Promise<Row> {
  const whole = resource.body;
  if (!hasBareDate(whole, values)) return values;
  const zone = await organizationZone(call.ctx.db, call.orgId);
  return withInstants(whole, values, zone) as Row;
}

function hasBareDate(schema: z.ZodType | undefined, value: unknown): boolean {
  if (value instanceof Temporal.PlainDate) return isDateTime(schema);
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([name, part]) => hasBareDate(partOf(schema, name), part));
}

function withInstants(schema: z.ZodType | undefined, value: unknown, zone: string): unknown {
  if (!hasBareDate(schema, value)) return value;
  if (value instanceof Temporal.PlainDate) return startOfDate(value, zone);
  if (Array.isArray(value)) return value.map((item, at) => withInstants(partOf(schema, `${at}`), item, zone));
  const entries = Object.entries(value as Row).map(([name, part]) => [
    name,
    withInstants(partOf(schema, name), part, zone),
  ]);
  return Object.fromEntries(entries);
}

function isDateTime(schema: z.ZodType | undefined): boolean {
  if (!schema) return false;
  return fieldFacts.get(schema)?.json?.['format'] === 'date-time' || isDateTime(innerSchema(schema));
}

/** The schema of a field of an object, or of an item of a list, behind what wraps it. */
function partOf(schema: z.ZodType | undefined, name: string): z.ZodType | undefined {
  if (!schema) return undefined;
  const def = schema.def as { shape?: Record<string, z.ZodType>; element?: z.ZodType };
  return def.shape?.[name] ?? def.element ?? partOf(innerSchema(schema), name);
}

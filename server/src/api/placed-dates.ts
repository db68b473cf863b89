import type { z } from 'zod';
import { startOfDate, Temporal } from '../kernel/time.ts';
import type { Row } from '../store/database.ts';
import { fieldFacts } from './fields.ts';
import type { AnyCall } from './operation.ts';
import { organizationZone } from './organization-zone.ts';
import type { Declared, Fields } from './resource-spec.ts';

/** Bare dates in date-time fields become midnight in the organization's zone (spec 10 §2). */
export async function placed<F extends Fields>(
  resource: Declared<F>,
  call: AnyCall,
  values: Row,
): Promise<Row> {
  const bare = Object.keys(values).filter(
    (name) => values[name] instanceof Temporal.PlainDate && isDateTime(resource.fields[name]),
  );
  if (bare.length === 0) return values;
  const zone = await organizationZone(call.ctx.db, call.orgId);
  const instants = bare.map((name) => [name, startOfDate(values[name] as Temporal.PlainDate, zone)]);
  return { ...values, ...Object.fromEntries(instants) };
}

function isDateTime(schema: z.ZodType | undefined): boolean {
  if (!schema) return false;
  if (fieldFacts.get(schema)?.json?.['format'] === 'date-time') return true;
  const def = schema.def as { out?: z.ZodType; innerType?: z.ZodType };
  const inner = def.innerType ?? def.out;
  return inner ? isDateTime(inner) : false;
}

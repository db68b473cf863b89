import { sql } from 'kysely';
import { flag, group, list, name, oneOf, optional, reference, text, withDefault } from '../../api/fields.ts';
import { defineResource } from '../../api/resource.ts';
import type { CheckScope } from '../../api/resource-spec.ts';
import { refusal } from '../../kernel/errors.ts';

/** How long one row of a statement is; `WHOLE_PERIOD` is the service period of the line. */
export const AGGREGATION_FREQUENCIES = ['DAY', 'WEEK', 'MONTH', 'QUARTER', 'YEAR', 'WHOLE_PERIOD'] as const;

/** What is calculated of a measure; `CUSTOM_SQL` is taken and gives no figure. */
const AGGREGATIONS = ['SUM', 'MIN', 'MAX', 'COUNT', 'LATEST', 'MEAN', 'UNIQUE', 'CUSTOM_SQL'] as const;

/** A field whose values part the rows; the filter `*` keeps all of them apart. */
const dimension = group({
  meterId: optional(reference('Meter')),
  name: text({ max: 200 }),
  attributes: optional(list(text({ max: 200 }))),
  filter: list(text({ max: 1000 }), { min: 1 }),
});

/** A field whose figures are shown; without a name, every numeric field of the meter. */
const measure = group({
  meterId: optional(reference('Meter')),
  name: optional(text({ max: 200 })),
  aggregations: withDefault(list(oneOf(AGGREGATIONS), { max: 7 }), ['SUM']),
});

/** How the usage behind a bill is broken down in its statement (spec 40 §10.1). */
export const statementDefinition = defineResource({
  name: 'StatementDefinition',
  path: 'statementdefinitions',
  summary: 'a statement definition',
  table: 'statement_definition',
  permission: 'config:statementdefinition',
  event: null,
  maxPageSize: 100,
  fields: {
    name: optional(name()),
    aggregationFrequency: oneOf(AGGREGATION_FREQUENCIES),
    includePricePerUnit: withDefault(flag(), false),
    generateSlimStatements: withDefault(flag(), false),
    dimensions: withDefault(list(dimension), []),
    measures: withDefault(list(measure), []),
  },
  example: {
    name: 'Weekly by region',
    aggregationFrequency: 'WEEK',
    dimensions: [{ name: 'region', filter: ['*'] }],
    measures: [{ name: 'bytes', aggregations: ['SUM', 'MAX'] }],
  },
  check: async (scope, { dimensions, measures }) => {
    await refuseUnknownMeter(scope, 'dimensions', dimensions);
    await refuseUnknownMeter(scope, 'measures', measures);
  },
});

type OfMeter = { readonly meterId: string | null };

/** Meters inside of lists have no foreign key, so they are looked up (spec 10 §9). */
async function refuseUnknownMeter(
  scope: CheckScope,
  field: string,
  items: readonly OfMeter[],
): Promise<void> {
  const ids = items.flatMap(({ meterId }) => meterId ?? []);
  if (ids.length === 0) return;
  const { rows } = await sql<{ id: string }>`select id from meter
    where org_id = ${scope.orgId} and id = any(${ids}::uuid[])`.execute(scope.tx);
  const known = new Set(rows.map(({ id }) => id));
  const unknown = items.findIndex(({ meterId }) => meterId !== null && !known.has(meterId));
  if (unknown < 0) return;
  const place = `${field}[${unknown}].meterId`;
  throw refusal('REFERENCE_NOT_FOUND', place, 'names something that does not exist');
}

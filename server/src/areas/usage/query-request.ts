import { sql } from 'kysely';
import { z } from 'zod';
import { dateTime, group, integer, list, oneOf, optional, text, withDefault } from '../../api/fields.ts';
import { ApiError, refusal } from '../../kernel/errors.ts';
import { type Instant, isBefore } from '../../kernel/time.ts';
import type { Db } from '../../store/database.ts';
import { prepared } from '../../store/value-client.ts';

const MAX_ROWS = 20_000;
const NUMERIC = new Set(['MEASURE', 'INCOME', 'COST']);
const FUNCTIONS = ['SUM', 'MIN', 'MAX', 'COUNT', 'LATEST', 'MEAN', 'UNIQUE'] as const;
const MEASURE_FUNCTIONS = new Set(['SUM', 'MIN', 'MAX', 'COUNT', 'LATEST', 'MEAN']);
const DIMENSION_FUNCTIONS = new Set(['COUNT', 'UNIQUE']);

function ids() {
  return withDefault(list(text({ max: 100 }), { max: 10_000 }), []);
}

const field = { meterId: text({ max: 100 }), fieldCode: text({ max: 80 }) };

/** What usage queries say of the measurements that they are about, beside the span (spec 20 §13). */
export const usageQueryBody = z.object({
  startDate: dateTime(),
  endDate: dateTime(),
  meterIds: ids(),
  accountIds: ids(),
  dimensionFilters: withDefault(
    list(group({ ...field, values: list(text({ min: 0, max: 10_000 }), { min: 1, max: 10_000 }) }), {
      max: 100,
    }),
    [],
  ),
  aggregations: withDefault(
    list(group({ ...field, fieldType: oneOf(['MEASURE', 'DIMENSION']), function: oneOf(FUNCTIONS) }), {
      max: 100,
    }),
    [],
  ),
  groups: withDefault(
    list(
      group({
        groupType: oneOf(['ACCOUNT', 'TIME', 'DIMENSION']),
        frequency: optional(oneOf(['HOUR', 'DAY', 'WEEK', 'MONTH', 'QUARTER'])),
        meterId: optional(text({ max: 100 })),
        fieldCode: optional(text({ max: 80 })),
      }),
      { max: 20 },
    ),
    [],
  ),
  limit: withDefault(integer({ min: 1, max: MAX_ROWS }), MAX_ROWS),
});

export type UsageQueryBody = z.output<typeof usageQueryBody>;
type Field = { readonly code: string; readonly category: string };
type MeterRow = {
  readonly id: string;
  readonly code: string;
  readonly dataFields: readonly Field[];
  readonly derivedFields: readonly Field[];
};
export type KnownMeter = {
  readonly id: string;
  readonly code: string;
  readonly fields: ReadonlyMap<string, string>;
};

/** A checked query: every named field exists and fits its use. */
export type CheckedUsageQuery = UsageQueryBody & { readonly meters: ReadonlyMap<string, KnownMeter> };

/** Checks what the schema cannot: dates in order, fields of existing meters, functions that fit the field. */
export async function checkedUsageQuery(
  db: Db,
  orgId: string,
  body: UsageQueryBody,
): Promise<CheckedUsageQuery> {
  if (!isBefore(body.startDate as Instant, body.endDate as Instant)) {
    throw refusal('VALIDATION_FAILED', 'endDate', 'must be later than startDate');
  }
  if (body.groups.length > 0 && body.aggregations.length === 0) {
    throw refusal('VALIDATION_FAILED', 'groups', 'need at least one entry in aggregations');
  }
  const meters = await metersOf(db, orgId);
  body.aggregations.forEach((item, i) => {
    checkAggregation(categoryOf(meters, item, `aggregations[${i}]`), item, `aggregations[${i}]`);
  });
  body.dimensionFilters.forEach((item, i) => {
    checkDimension(categoryOf(meters, item, `dimensionFilters[${i}]`), `dimensionFilters[${i}].fieldCode`);
  });
  body.groups.forEach((item, i) => {
    checkGroup(meters, item, `groups[${i}]`);
  });
  return { ...body, meters };
}

/** The meters of an organization by their ids. */
export async function metersOf(db: Db, orgId: string): Promise<Map<string, KnownMeter>> {
  const { rows } = await sql<MeterRow>`${prepared}
    select id, code, data_fields, derived_fields from meter where org_id = ${orgId}`.execute(db);
  return new Map(rows.map((row) => [row.id, knownMeter(row)]));
}

function knownMeter({ id, code, dataFields, derivedFields }: MeterRow): KnownMeter {
  const fields = [...dataFields, ...derivedFields];
  return { id, code, fields: new Map(fields.map((item) => [item.code, item.category])) };
}

type FieldName = { readonly meterId: string; readonly fieldCode: string };

function categoryOf(meters: Map<string, KnownMeter>, item: FieldName, path: string): string {
  const meter = meters.get(item.meterId.toLowerCase());
  if (!meter) throw refusal('REFERENCE_NOT_FOUND', `${path}.meterId`, 'names no meter');
  const category = meter.fields.get(item.fieldCode);
  if (!category)
    throw refusal('REFERENCE_NOT_FOUND', `${path}.fieldCode`, `names no field of meter ${meter.code}`);
  return category;
}

function checkAggregation(
  category: string,
  item: UsageQueryBody['aggregations'][number],
  path: string,
): void {
  const numeric = NUMERIC.has(category);
  if (numeric !== (item.fieldType === 'MEASURE')) {
    throw refusal(
      'VALIDATION_FAILED',
      `${path}.fieldType`,
      `does not fit the category ${category} of the field`,
    );
  }
  const allowed = numeric ? MEASURE_FUNCTIONS : DIMENSION_FUNCTIONS;
  if (!allowed.has(item.function)) {
    throw refusal('VALIDATION_FAILED', `${path}.function`, `must be one of ${[...allowed].join(', ')}`);
  }
}

function checkDimension(category: string, path: string): void {
  if (NUMERIC.has(category) || category === 'METADATA') {
    throw refusal(
      'VALIDATION_FAILED',
      path,
      `is of category ${category}, which cannot be filtered or grouped`,
    );
  }
}

function checkGroup(
  meters: Map<string, KnownMeter>,
  item: UsageQueryBody['groups'][number],
  path: string,
): void {
  if (item.groupType === 'TIME' && item.frequency === null) {
    throw refusal('VALIDATION_FAILED', `${path}.frequency`, 'is required');
  }
  if (item.groupType !== 'DIMENSION') return;
  if (item.meterId === null || item.fieldCode === null) {
    throw new ApiError('VALIDATION_FAILED', `${path} needs meterId and fieldCode`, [
      { field: `${path}.${item.meterId === null ? 'meterId' : 'fieldCode'}`, message: 'is required' },
    ]);
  }
  const name = { meterId: item.meterId, fieldCode: item.fieldCode };
  checkDimension(categoryOf(meters, name, path), `${path}.fieldCode`);
}

import { z } from 'zod';
import { dateTime, group, integer, list, oneOf, optional, text, withDefault } from '../../api/fields.ts';
import { isNumericCategory } from '../../engine/metering/fields.ts';
import { refusal } from '../../kernel/errors.ts';
import { type Instant, isBefore, startOfDate, Temporal } from '../../kernel/time.ts';
import type { Db } from '../../store/database.ts';
import { type KnownMeter, metersOf } from './query-request.ts';

const FUNCTIONS = ['SUM', 'MIN', 'MAX', 'COUNT', 'LATEST', 'MEAN', 'UNIQUE'] as const;
const MAX_ROWS = 5000;
/** Addresses the code of the account. */
export const ACCOUNT_DIMENSION = 'account';

/** The body of `POST /dataexplorer/usagedata` (spec 20 §14.1). */
export const explorerBody = z.object({
  meterCodes: list(text({ max: 80 }), { max: 100 }),
  startDate: dateTime(),
  endDate: dateTime(),
  aggregationFrequency: oneOf(['DAY', 'WEEK', 'MONTH', 'QUARTER', 'YEAR', 'WHOLE_PERIOD']),
  measures: list(
    group({
      name: optional(text({ max: 80 })),
      aggregations: withDefault(list(oneOf(FUNCTIONS), { max: 7 }), ['SUM']),
    }),
    { min: 1, max: 30 },
  ),
  dimensions: withDefault(
    list(group({ name: text({ max: 80 }), filter: list(text({ max: 10_000 }), { min: 1, max: 1000 }) }), {
      max: 100,
    }),
    [],
  ),
  limit: withDefault(integer({ min: 1, max: MAX_ROWS }), MAX_ROWS),
});

/** The body of `POST /dataexplorer/meterdimensions`. */
export const meterDimensionsBody = z.object({
  meterCode: text({ max: 80 }),
  dimensionName: text({ max: 80 }),
  startDate: dateTime(),
  endDate: dateTime(),
  attributes: withDefault(list(text({ max: 200 }), { max: 100 }), []),
  limit: withDefault(integer({ min: 1, max: 100_000 }), 1000),
});

export type ExplorerBody = z.output<typeof explorerBody>;
export type Measure = { readonly name: string; readonly function: (typeof FUNCTIONS)[number] };

/** A checked question: every name exists and fits its use. */
export type ExplorerQuery = Omit<ExplorerBody, 'measures' | 'startDate' | 'endDate'> & {
  readonly start: Instant;
  readonly end: Instant;
  readonly meters: readonly KnownMeter[];
  readonly measures: readonly Measure[];
};

/** Checks what the schema cannot; bare dates are midnights of the zone. */
export async function explorerQuery(
  db: Db,
  orgId: string,
  { body, zone }: { readonly body: ExplorerBody; readonly zone: string },
): Promise<ExplorerQuery> {
  const { start, end } = spanOf(body, zone);
  const all = [...(await metersOf(db, orgId)).values()];
  const unknown = body.meterCodes.findIndex((code) => all.every((meter) => meter.code !== code));
  if (unknown >= 0) throw refusal('REFERENCE_NOT_FOUND', `meterCodes[${unknown}]`, 'is the code of no meter');
  const meters =
    body.meterCodes.length === 0 ? all : all.filter(({ code }) => body.meterCodes.includes(code));
  body.dimensions.forEach(({ name }, index) => {
    if (!isDimension(meters, name)) throw noDimension(`dimensions[${index}].name`);
  });
  return { ...body, start, end, meters, measures: measuresOf(body, meters) };
}

export function spanOf(
  { startDate, endDate }: Pick<ExplorerBody, 'startDate' | 'endDate'>,
  zone: string,
): { readonly start: Instant; readonly end: Instant } {
  const placed = (value: unknown) =>
    value instanceof Temporal.PlainDate ? startOfDate(value, zone) : (value as Instant);
  const [start, end] = [placed(startDate), placed(endDate)];
  if (!isBefore(start, end)) throw refusal('VALIDATION_FAILED', 'endDate', 'must be later than startDate');
  return { start, end };
}

/** Whether it is a text field of a meter that may be filtered, or the account. */
export function isDimension(meters: readonly KnownMeter[], name: string): boolean {
  const categories = meters.flatMap(({ fields }) => fields.get(name) ?? []);
  const fits = categories.some((category) => !isNumeric(category) && category !== 'METADATA');
  return name === ACCOUNT_DIMENSION || fits;
}

export function noDimension(field: string) {
  return refusal('VALIDATION_FAILED', field, 'is no dimension of the meters');
}

function measuresOf({ measures }: ExplorerBody, meters: readonly KnownMeter[]): readonly Measure[] {
  const numeric = new Set(
    meters.flatMap(({ fields }) =>
      [...fields].flatMap(([code, category]) => (isNumeric(category) ? code : [])),
    ),
  );
  const found = measures.flatMap(({ name, aggregations }, index) => {
    if (name !== null && !numeric.has(name)) {
      throw refusal('VALIDATION_FAILED', `measures[${index}].name`, 'is no numeric field of the meters');
    }
    const functions = aggregations.length === 0 ? (['SUM'] as const) : aggregations;
    const names = name === null ? [...numeric] : [name];
    return names.flatMap((one) => functions.map((item) => ({ name: one, function: item })));
  });
  return [...new Map(found.map((one) => [`${one.function} ${one.name}`, one])).values()];
}

function isNumeric(category: string): boolean {
  return isNumericCategory(category as Parameters<typeof isNumericCategory>[0]);
}

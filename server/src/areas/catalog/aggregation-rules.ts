import { customSqlFrom } from '../../engine/metering/custom-sql.ts';
import { type DataField, isNumericCategory, isSegmentableCategory } from '../../engine/metering/fields.ts';
import type { AggregationMethod, Segment } from '../../engine/metering/usage-query.ts';
import type { FieldError } from '../../kernel/errors.ts';
import { segmentationError } from './segments.ts';

export const METHODS = [
  'SUM',
  'MIN',
  'MAX',
  'COUNT',
  'LATEST',
  'MEAN',
  'UNIQUE',
  'CUSTOM_SQL',
] as const satisfies readonly AggregationMethod[];

/** The part of an aggregation that reads measurements, as stored. */
export type Reading = {
  readonly targetField: string;
  readonly aggregation: AggregationMethod;
  readonly segmentedFields: readonly string[] | null;
  readonly segments: readonly Segment[] | null;
  readonly customSql: string | null;
};

/** What is wrong with an aggregation by itself (spec 20 §11.5, §11.6); null when nothing is. */
export function readingError(reading: Reading): FieldError | null {
  const { aggregation, customSql, segmentedFields, segments } = reading;
  const isCustom = aggregation === 'CUSTOM_SQL';
  if (isCustom && customSql === null) return { field: 'customSql', message: 'is required with CUSTOM_SQL' };
  if (!isCustom && customSql !== null) {
    return { field: 'customSql', message: `is not allowed with ${aggregation}` };
  }
  return segmentationError(segmentedFields ?? [], segments ?? []);
}

/**
 * What is wrong with an aggregation over a meter of these data and derived fields (spec 20 §11.1, §11.2,
 * §11.5); null when nothing is.
 */
export function meterError(reading: Reading, fields: readonly DataField[]): FieldError | null {
  const target = fields.find(({ code }) => code === reading.targetField);
  if (!target) return { field: 'targetField', message: 'is no field of the meter' };
  if (!suits(reading.aggregation, target)) {
    const message = `${reading.aggregation} does not work on a field of category ${target.category}`;
    return { field: 'aggregation', message };
  }
  const query = reading.customSql === null ? null : customSqlFrom(reading.customSql, fields.map(codeOf));
  if (query && 'refused' in query) return { field: 'customSql', message: query.refused };
  for (const code of reading.segmentedFields ?? []) {
    const field = fields.find((candidate) => candidate.code === code);
    if (!field) return { field: 'segmentedFields', message: `name ${code}, which is no field of the meter` };
    if (!isSegmentableCategory(field.category)) {
      return { field: 'segmentedFields', message: `name ${code}, which has the category ${field.category}` };
    }
  }
  return null;
}

function codeOf({ code }: DataField): string {
  return code;
}

function suits(method: AggregationMethod, { category }: DataField): boolean {
  return method === 'CUSTOM_SQL' || (method === 'UNIQUE') !== isNumericCategory(category);
}

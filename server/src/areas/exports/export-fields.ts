import type { z } from 'zod';
import { list, oneOf, optional, reference, withDefault } from '../../api/fields.ts';
import { refusal } from '../../kernel/errors.ts';
import { Temporal } from '../../kernel/time.ts';
import type { Db, Tx } from '../../store/database.ts';
import { checkedUsageQuery, usageQueryBody } from '../usage/index.ts';
import { OPERATIONAL_TYPES } from './operational-types.ts';

/** What schedules and ad-hoc exports say about their content alike (spec 60 §8.2, §8.4). */
export function contentFields() {
  const { meterIds, accountIds, dimensionFilters, aggregations, groups } = usageQueryBody.shape;
  return {
    sourceType: oneOf(['USAGE', 'OPERATIONAL']),
    destinationIds: withDefault(list(reference('ExportDestination'), { max: 100 }), []),
    exportFileFormat: withDefault(oneOf(['CSV', 'JSONL']), 'CSV'),
    operationalDataTypes: optional(list(oneOf(OPERATIONAL_TYPES), { min: 1, max: 100 })),
    meterIds: optional(meterIds),
    accountIds: optional(accountIds),
    dimensionFilters: optional(dimensionFilters),
    aggregations: optional(aggregations),
    groups: optional(groups),
  };
}

type ContentFields = ReturnType<typeof contentFields>;
export type Content = { readonly [K in keyof ContentFields]: z.output<ContentFields[K]> };

const NO_USAGE = {
  meterIds: null,
  accountIds: null,
  dimensionFilters: null,
  aggregations: null,
  groups: null,
} as const;

/** Any span in order: the query is checked before it is known what it will cover. */
export const SOME_SPAN = {
  startDate: Temporal.Instant.from('1970-01-01T00:00:00Z'),
  endDate: Temporal.Instant.from('1970-01-02T00:00:00Z'),
};

/**
 * The content with what its source takes and nothing else. Throws VALIDATION_FAILED and REFERENCE_NOT_FOUND.
 */
export async function checkedContent<C extends Content>(db: Db | Tx, orgId: string, content: C): Promise<C> {
  const destinationIds = [...new Set(content.destinationIds)];
  if (content.sourceType === 'OPERATIONAL') {
    const types = content.operationalDataTypes;
    if (types === null) throw refusal('VALIDATION_FAILED', 'operationalDataTypes', 'is required');
    return { ...content, ...NO_USAGE, destinationIds, operationalDataTypes: [...new Set(types)] };
  }
  const selection = usageSelection(content);
  await checkedUsageQuery(db as Db, orgId, { ...selection, ...SOME_SPAN, limit: 1 });
  return { ...content, ...selection, destinationIds, operationalDataTypes: null };
}

/** Which usage is exported, with every part that was left out as an empty list. */
export function usageSelection({ meterIds, accountIds, dimensionFilters, aggregations, groups }: Content) {
  return {
    meterIds: meterIds ?? [],
    accountIds: accountIds ?? [],
    dimensionFilters: dimensionFilters ?? [],
    aggregations: aggregations ?? [],
    groups: groups ?? [],
  };
}

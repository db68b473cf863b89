import type {
  AggregationFacts,
  CompoundAggregationFacts,
  CustomFieldFacts,
} from '../../../engine/billing/facts.ts';
import { instantsOf } from '../../../engine/calendar/local-dates.ts';
import type { CustomFieldLevels } from '../../../engine/expression/custom-field.ts';
import { type LookupReader, lookupReader } from '../../../engine/expression/lookups.ts';
import { compoundValue } from '../../../engine/metering/compound-value.ts';
import type { Decimal } from '../../../kernel/decimal.ts';
import type { Db, Tx } from '../../../store/database.ts';
import { tablesWithRows, unreadTables } from '../../catalog/index.ts';
import type { BillRow, LineRow } from '../bill-rows.ts';
import { periodsFromJson, type StoredPeriod } from '../bill-stamp.ts';
import { type CatalogFacts, loadCatalogFacts } from '../catalog-facts.ts';
import { loadCustomFields } from '../compound-facts.ts';

/** What the calculations of compound aggregations on a bill are made with. */
export type Compounds = { readonly catalog: CatalogFacts; readonly customFields: CustomFieldFacts } | null;

type Source = { readonly db: Db | Tx; readonly bill: BillRow };

/** Null when no line is one of a compound aggregation. */
export async function loadCompounds({ db, bill }: Source, lines: readonly LineRow[]): Promise<Compounds> {
  const compound = lines.filter((line) => line.compoundAggregationId !== null);
  if (compound.length === 0) return null;
  const { orgId } = bill;
  const attached = compound.map(({ planId }) => ({ planId, planGroupId: null }));
  const catalog = await loadCatalogFacts({ db, orgId }, attached, []);
  const accountIds = [...new Set([bill.accountId, ...compound.map((line) => line.reason.accountId)])];
  const contractIds = compound.map((line) => line.contractId).filter((id) => id !== null);
  const holders = { accountIds, contractIds };
  return { catalog, customFields: await loadCustomFields({ db, orgId }, holders, catalog) };
}

/**
 * What the calculation gives with the rows of lookup tables that it needs, which are read until it has all: a
 * key may come from another row. The tables are those of today, as the rest of the configuration.
 */
export async function lookedUp<T>(
  source: { readonly db: Db | Tx; readonly orgId: string },
  compounds: Compounds,
  calculation: (lookups: LookupReader) => T,
): Promise<T> {
  let tables = unreadTables(compounds?.catalog.lookupTables ?? new Map());
  for (;;) {
    const lookups = lookupReader(tables);
    const result = calculation(lookups);
    if (lookups.needs.size === 0) return result;
    tables = await tablesWithRows(source, tables, [...lookups.needs.values()]);
  }
}

/** The values of the line's aggregations over some measurements, in the order of `aggregations`. */
export type CompoundInput = {
  readonly bill: BillRow;
  /** The zone of the bill's days. */
  readonly zone: string;
  readonly line: LineRow;
  readonly aggregations: readonly AggregationFacts[];
  readonly values: readonly (Decimal | null)[];
  readonly lookups: LookupReader;
};

/**
 * The line's calculation over some of its measurements, with everything else as for the whole line; null when
 * it gives no number or the compound aggregation is gone.
 */
export function compoundQuantity(compounds: Compounds, input: CompoundInput): Decimal | null {
  const { line, aggregations, values } = input;
  const definition = compounds?.catalog.compoundAggregations.get(line.compoundAggregationId ?? '');
  if (!compounds || !definition) return null;
  const named = aggregations.map((row, at) => [row.code ?? '', values[at] ?? row.defaultValue] as const);
  const result = compoundValue(definition, {
    aggregations: new Map(named),
    customFields: customFieldLevels(compounds, line, definition),
    billingPeriod: billingPeriodOf(input),
    lookups: input.lookups,
  });
  return result.kind === 'value' ? result.value : null;
}

function customFieldLevels(
  { catalog, customFields }: NonNullable<Compounds>,
  line: LineRow,
  definition: CompoundAggregationFacts,
): CustomFieldLevels {
  const { defaults, own } = customFields;
  const ownOf = (id: string | null | undefined) => own.get(id ?? '') ?? {};
  const template = catalog.planTemplates.get(catalog.plans.get(line.planId ?? '')?.planTemplateId ?? '');
  return {
    defaults,
    own: {
      account: ownOf(line.reason.accountId),
      product: ownOf(template?.productId),
      planTemplate: ownOf(template?.id),
      plan: ownOf(line.planId),
      accountPlan: ownOf(line.reason.accountPlanId),
      contract: ownOf(line.contractId),
      compoundAggregation: ownOf(definition.id),
    },
  };
}

/** The period that the bill closes for the line's attached plan, as the calculation of the bill saw it. */
function billingPeriodOf({ bill, zone, line }: CompoundInput) {
  const periods = periodsFromJson(bill['periods'] as readonly StoredPeriod[]);
  const own = periods.find(({ accountPlanId }) => accountPlanId === line.reason.accountPlanId)?.period;
  const dates = own ?? { start: bill.startDate, end: bill.endDate };
  const { days } = dates.start.until(dates.end, { largestUnit: 'days' });
  return { ...instantsOf(dates, zone), days };
}

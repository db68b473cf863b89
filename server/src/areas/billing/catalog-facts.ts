import { sql } from 'kysely';
import type {
  AggregationFacts,
  CompoundAggregationFacts,
  CounterFacts,
  CounterPricingFacts,
  PlanFacts,
  PlanGroupFacts,
  PlanTemplateFacts,
  PricingFacts,
  ProductFacts,
} from '../../engine/billing/facts.ts';
import { aggregationCodesOf } from '../../engine/metering/compound-names.ts';
import { NUMERIC_CATEGORIES } from '../../engine/metering/fields.ts';
import type { AggregationDefinition } from '../../engine/metering/usage-query.ts';
import type { Reader } from '../../store/database.ts';
import { prepared } from '../../store/value-client.ts';
import { type PublishedRevisions, publishedRevisions } from '../catalog/index.ts';
import { compoundAggregationsOf, lookupTablesNamedBy } from './compound-facts.ts';

/** Everything that attached plans are priced by, for a whole batch of account units, found by id. */
export type CatalogFacts = {
  readonly products: readonly ProductFacts[];
  readonly plans: ReadonlyMap<string, PlanFacts>;
  readonly planTemplates: ReadonlyMap<string, PlanTemplateFacts>;
  readonly planGroups: ReadonlyMap<string, PlanGroupFacts>;
  /** By the plan or the plan template that owns them. */
  readonly pricings: ReadonlyMap<string, readonly PricingFacts[]>;
  readonly counterPricings: ReadonlyMap<string, readonly CounterPricingFacts[]>;
  readonly aggregations: ReadonlyMap<string, AggregationFacts>;
  readonly compoundAggregations: ReadonlyMap<string, CompoundAggregationFacts>;
  /** The lookup tables that those compound aggregations name, by code. */
  readonly lookupTables: PublishedRevisions;
  readonly counters: ReadonlyMap<string, CounterFacts>;
};

type Attached = { readonly planId: string | null; readonly planGroupId: string | null };
type Source = { readonly db: Reader; readonly orgId: string };

/**
 * The catalog behind the attachments, and those products besides: one query for each table, however many
 * attachments there are.
 */
export async function loadCatalogFacts(
  source: Source,
  attached: readonly Attached[],
  productIds: readonly string[],
): Promise<CatalogFacts> {
  const planGroups = await planGroupsOf(
    source,
    idsOf(attached, (row) => row.planGroupId),
  );
  const members = planGroups.flatMap((group) => group.planIds);
  const plans = await plansOf(source, unique([...idsOf(attached, (row) => row.planId), ...members]));
  const planTemplates = await templatesOf(
    source,
    idsOf(plans, (row) => row.planTemplateId),
  );
  const owners = [...plans, ...planTemplates].map((row) => row.id);
  const [pricings, counterPricings] = await Promise.all([
    pricingsOf(source, owners),
    counterPricingsOf(source, owners),
  ]);
  const compounds = await compoundAggregationsOf(
    source,
    idsOf(pricings, (row) => row.compoundAggregationId),
  );
  const aggregations = await aggregationsOf(source, {
    ids: idsOf(pricings, (row) => row.aggregationId),
    codes: unique(compounds.flatMap((row) => aggregationCodesOf(row.calculation))),
  });
  const priced = [pricings, counterPricings, aggregations, compounds].flat();
  const named = [planTemplates, plans, planGroups, priced].flat();
  const counterIds = idsOf(counterPricings, (row) => row.counterId);
  const [products, lookupTables, counters] = await Promise.all([
    productsOf(source, unique([...productIdsOf(named), ...productIds])),
    publishedRevisions(source, lookupTablesNamedBy(compounds)),
    countersOf(source, counterIds),
  ]);
  return {
    products,
    plans: byId(plans),
    planTemplates: byId(planTemplates),
    planGroups: byId(planGroups),
    pricings: groupedBy(pricings, (row) => row.planId ?? row.planTemplateId ?? ''),
    counterPricings: groupedBy(counterPricings, (row) => row.planId ?? row.planTemplateId ?? ''),
    aggregations: byId(aggregations),
    compoundAggregations: byId(compounds),
    lookupTables,
    counters: byId(counters),
  };
}

function unique(ids: readonly string[]): string[] {
  return [...new Set(ids)];
}

function idsOf<T>(rows: readonly T[], id: (row: T) => string | null): string[] {
  return unique(rows.map(id).filter((value) => value !== null));
}

function byId<T extends { readonly id: string }>(rows: readonly T[]): ReadonlyMap<string, T> {
  return new Map(rows.map((row) => [row.id, row]));
}

/** Rows by a key of theirs, in the order in which they came. */
export function groupedBy<T>(rows: readonly T[], key: (row: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const row of rows) {
    const group = groups.get(key(row));
    if (group) group.push(row);
    else groups.set(key(row), [row]);
  }
  return groups;
}

/** Spec 40 §5.9: the plan's product, and whatever stands in an accounting product field. */
const PRODUCT_FIELDS = [
  'productId',
  'accountingProductId',
  'standingChargeAccountingProductId',
  'minimumSpendAccountingProductId',
] as const;

function productIdsOf(rows: readonly object[]): string[] {
  const fields = rows as readonly Partial<Record<(typeof PRODUCT_FIELDS)[number], string | null>>[];
  return unique(
    fields.flatMap((row) => PRODUCT_FIELDS.map((field) => row[field] ?? null).filter((id) => id !== null)),
  );
}

async function planGroupsOf({ db, orgId }: Source, ids: readonly string[]): Promise<PlanGroupFacts[]> {
  if (ids.length === 0) return [];
  const { rows } = await sql<PlanGroupFacts>`${prepared}
    select g.*, coalesce((select jsonb_agg(l.plan_id) from plan_group_link l
                          where l.org_id = g.org_id and l.plan_group_id = g.id), '[]') as plan_ids
    from plan_group g where org_id = ${orgId} and id = any(${ids}::uuid[])`.execute(db);
  return rows;
}

async function plansOf({ db, orgId }: Source, ids: readonly string[]): Promise<PlanFacts[]> {
  if (ids.length === 0) return [];
  const { rows } = await sql<PlanFacts>`${prepared}
    select id, code, plan_template_id, standing_charge, standing_charge_description,
      standing_charge_bill_in_advance, standing_charge_accounting_product_id,
      minimum_spend, minimum_spend_description, minimum_spend_bill_in_advance,
      minimum_spend_accounting_product_id
    from plan where org_id = ${orgId} and id = any(${ids}::uuid[])`.execute(db);
  return rows;
}

async function templatesOf({ db, orgId }: Source, ids: readonly string[]): Promise<PlanTemplateFacts[]> {
  if (ids.length === 0) return [];
  const { rows } = await sql<PlanTemplateFacts>`${prepared}
    select id, product_id, currency, bill_frequency, bill_frequency_interval,
      standing_charge, standing_charge_description, standing_charge_interval, standing_charge_offset,
      standing_charge_bill_in_advance, minimum_spend, minimum_spend_description, minimum_spend_bill_in_advance
    from plan_template where org_id = ${orgId} and id = any(${ids}::uuid[])`.execute(db);
  return rows;
}

async function pricingsOf({ db, orgId }: Source, owners: readonly string[]): Promise<PricingFacts[]> {
  if (owners.length === 0) return [];
  const { rows } = await sql<PricingFacts>`${prepared}
    select id, dt_created, plan_id, plan_template_id, aggregation_id, compound_aggregation_id, segment, type,
      start_date, end_date, cumulative, tiers_span_plan, pricing_bands,
      overage_pricing_bands, minimum_spend,
      minimum_spend_description, minimum_spend_bill_in_advance, description, accounting_product_id
    from pricing
    where org_id = ${orgId}
      and (plan_id = any(${owners}::uuid[]) or plan_template_id = any(${owners}::uuid[]))`.execute(db);
  return rows;
}

async function counterPricingsOf(
  { db, orgId }: Source,
  owners: readonly string[],
): Promise<CounterPricingFacts[]> {
  if (owners.length === 0) return [];
  const { rows } = await sql<CounterPricingFacts>`${prepared}
    select id, dt_created, plan_id, plan_template_id, counter_id, start_date, end_date, cumulative,
      pricing_bands, description, accounting_product_id, running_total_bill_in_advance,
      pro_rate_running_total, pro_rate_adjustment_debit, pro_rate_adjustment_credit
    from counter_pricing
    where org_id = ${orgId}
      and (plan_id = any(${owners}::uuid[]) or plan_template_id = any(${owners}::uuid[]))`.execute(db);
  return rows;
}

type AggregationRow = Omit<AggregationFacts, 'definition'> &
  Omit<AggregationDefinition, 'method' | 'segmentedFields' | 'segments'> & {
    readonly aggregation: AggregationDefinition['method'];
    readonly segmentedFields: AggregationDefinition['segmentedFields'] | null;
    readonly segments: AggregationDefinition['segments'] | null;
  };

type Named = { readonly ids: readonly string[]; readonly codes: readonly string[] };

/** The aggregations with one of the ids or one of the codes. */
export async function aggregationsOf(
  { db, orgId }: Source,
  { ids, codes }: Named,
): Promise<AggregationFacts[]> {
  if (ids.length + codes.length === 0) return [];
  const { rows } = await sql<AggregationRow>`${prepared}
    select a.*, exists (select from jsonb_array_elements(m.data_fields || m.derived_fields) f
      where f ->> 'code' = a.target_field and f ->> 'category' = any(${[...NUMERIC_CATEGORIES]}::text[])
    ) as numeric_target
    from aggregation a join meter m on m.org_id = a.org_id and m.id = a.meter_id
    where a.org_id = ${orgId} and (a.id = any(${ids}::uuid[]) or a.code = any(${codes}::text[]))
  `.execute(db);
  return rows.map((row) => ({ ...row, definition: definitionOf(row) }));
}

function definitionOf(row: AggregationRow): AggregationDefinition {
  const { id, meterId, targetField, numericTarget, aggregation: method, customSql } = row;
  const segmentedFields = row.segmentedFields ?? [];
  const segments = row.segments ?? [];
  return { id, meterId, targetField, numericTarget, method, segmentedFields, segments, customSql };
}

async function countersOf({ db, orgId }: Source, ids: readonly string[]): Promise<CounterFacts[]> {
  if (ids.length === 0) return [];
  const { rows } = await sql<CounterFacts>`${prepared}
    select id, name, unit from counter where org_id = ${orgId} and id = any(${ids}::uuid[])`.execute(db);
  return rows;
}

async function productsOf({ db, orgId }: Source, ids: readonly string[]): Promise<ProductFacts[]> {
  if (ids.length === 0) return [];
  const { rows } = await sql<ProductFacts>`${prepared}
    select id, name, code from product where org_id = ${orgId} and id = any(${ids}::uuid[])`.execute(db);
  return rows;
}

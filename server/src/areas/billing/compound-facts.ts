import { sql } from 'kysely';
import type { CompoundAggregationFacts, CustomFieldFacts } from '../../engine/billing/facts.ts';
import type { CustomFieldValues } from '../../engine/expression/custom-field.ts';
import { parseExpression } from '../../engine/expression/parse.ts';
import type { Expression } from '../../engine/expression/syntax.ts';
import { lookupTablesOf } from '../../engine/expression/walk.ts';
import { assert } from '../../kernel/assert.ts';
import type { Reader } from '../../store/database.ts';
import { prepared } from '../../store/value-client.ts';
import { customFieldDefaults } from '../organization/index.ts';
import type { CatalogFacts } from './catalog-facts.ts';

type Source = { readonly db: Reader; readonly orgId: string };

type CompoundRow = Omit<CompoundAggregationFacts, 'calculation'> & { readonly calculation: string };

/** The compound aggregations with those ids (spec 20 §12). */
export async function compoundAggregationsOf(
  { db, orgId }: Source,
  ids: readonly string[],
): Promise<CompoundAggregationFacts[]> {
  if (ids.length === 0) return [];
  const { rows } = await sql<CompoundRow>`${prepared}
    select id, name, calculation, evaluate_null_aggregations, quantity_per_unit, rounding, unit,
      accounting_product_id
    from compound_aggregation where org_id = ${orgId} and id = any(${ids}::uuid[])`.execute(db);
  return rows.map((row) => ({ ...row, calculation: parsedCalculation(row.calculation) }));
}

function parsedCalculation(text: string): Expression {
  const result = parseExpression(text);
  assert(result.kind === 'expression', 'a stored calculation was read when it was saved');
  return result.root;
}

/** Codes of the lookup tables that the calculations name, each once. */
export function lookupTablesNamedBy(rows: readonly CompoundAggregationFacts[]): readonly string[] {
  return [...new Set(rows.flatMap((row) => lookupTablesOf(row.calculation)))];
}

type Holders = { readonly accountIds: readonly string[]; readonly contractIds: readonly string[] };

type OwnFields = { readonly id: string; readonly customFields: CustomFieldValues };

/**
 * The custom fields that calculations of compound aggregations can see, of the accounts with their account
 * plans, of the contracts and of the catalog behind them (spec 20 §6.2); nothing is read when the catalog has
 * no compound aggregation.
 */
export async function loadCustomFields(
  { db, orgId }: Source,
  { accountIds, contractIds }: Holders,
  catalog: CatalogFacts,
): Promise<CustomFieldFacts> {
  const compounds = [...catalog.compoundAggregations.keys()];
  if (compounds.length === 0) return { defaults: {}, own: new Map() };
  const products = catalog.products.map((row) => row.id);
  const { rows } = await sql<OwnFields>`${prepared}
    select id, custom_fields from account where org_id = ${orgId} and id = any(${accountIds}::uuid[])
    union all select id, custom_fields from account_plan
      where org_id = ${orgId} and account_id = any(${accountIds}::uuid[])
    union all select id, custom_fields from contract
      where org_id = ${orgId} and id = any(${contractIds}::uuid[])
    union all select id, custom_fields from product where org_id = ${orgId} and id = any(${products}::uuid[])
    union all select id, custom_fields from plan
      where org_id = ${orgId} and id = any(${[...catalog.plans.keys()]}::uuid[])
    union all select id, custom_fields from plan_template
      where org_id = ${orgId} and id = any(${[...catalog.planTemplates.keys()]}::uuid[])
    union all select id, custom_fields from compound_aggregation
      where org_id = ${orgId} and id = any(${compounds}::uuid[])`.execute(db);
  return {
    defaults: await customFieldDefaults(db, orgId),
    own: new Map(rows.map((row) => [row.id, row.customFields])),
  };
}

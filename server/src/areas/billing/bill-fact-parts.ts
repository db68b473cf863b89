import { hash } from 'node:crypto';
import type { BillFacts } from '../../engine/billing/facts.ts';
import type { UsageAnswer, UsageAnswers } from '../../engine/metering/usage-query.ts';
import { readExact, writeExact } from '../../kernel/exact-json.ts';

/** A text and the SHA-256 by which it is stored. */
export type FactSet = { readonly digest: string; readonly content: string };

/**
 * The facts of one calculation in three texts: the first is shared by most accounts, the second stays the
 * same from bill to bill, the third belongs to this calculation, with the answers about measurements.
 */
export type FactParts = { readonly catalog: FactSet; readonly unit: FactSet; readonly run: FactSet };

/** What a calculation was made from. */
export type KeptFacts = { readonly facts: BillFacts; readonly answers: UsageAnswers };

/** Catalogs of the units of one batch, each written once: units with the same plans have the same one. */
export type CatalogTexts = Map<string, FactSet>;

/** Splits the facts; rows are put in order first, so that equal facts have equal digests. */
export function factParts({ facts, answers }: KeptFacts, catalogs: CatalogTexts): FactParts {
  const { accounts, accountPlans, contracts, counterAdjustments, customFields } = facts;
  const unit = {
    ...{ accounts: inOrder(accounts), accountPlans: inOrder(accountPlans), contracts: inOrder(contracts) },
    counterAdjustments: inOrder(counterAdjustments),
    customFields: ownCustomFields(facts, customFields),
  };
  return {
    catalog: catalogOf(facts, catalogs),
    unit: factSet(unit),
    run: factSet({ ...restOf(facts), answers: new Map(answers) }),
  };
}

/** The facts that were split. */
export function factsFromParts(texts: { readonly [part in keyof FactParts]: string }): KeptFacts {
  const { answers, ...run } = readExact(texts.run) as { readonly answers: Map<string, UsageAnswer> };
  const catalog = readExact(texts.catalog) as object;
  const unit = readExact(texts.unit) as object;
  return { facts: { ...catalog, ...unit, ...run } as BillFacts, answers };
}

function factSet(value: unknown): FactSet {
  const content = writeExact(value);
  return { digest: hash('sha256', content, 'base64url'), content };
}

function catalogOf(facts: BillFacts, catalogs: CatalogTexts): FactSet {
  const key = [...new Set(facts.accountPlans.map((row) => row.planId ?? row.planGroupId))].sort().join();
  const known = catalogs.get(key);
  if (known !== undefined) return known;
  const made = factSet(catalogFacts(facts));
  catalogs.set(key, made);
  return made;
}

function catalogFacts(facts: BillFacts) {
  const { timezone, dayEpoch, weekEpoch, monthEpoch, yearEpoch, currency } = facts.organization;
  const { currencyConversions, daysBeforeBillDue, standingChargeBillInAdvance } = facts.organization;
  const { minimumSpendBillInAdvance, commitmentFeeBillInAdvance, consolidateBills } = facts.organization;
  const { externalInvoiceDate, creditApplicationOrder, allowNegativeBalances } = facts.organization;
  return {
    organization: {
      ...{ timezone, dayEpoch, weekEpoch, monthEpoch, yearEpoch, currency, currencyConversions },
      ...{ daysBeforeBillDue, standingChargeBillInAdvance, minimumSpendBillInAdvance },
      ...{ commitmentFeeBillInAdvance, consolidateBills, externalInvoiceDate, creditApplicationOrder },
      allowNegativeBalances,
    },
    currencies: facts.currencies.toSorted((a, b) => (a.code < b.code ? -1 : 1)),
    products: inOrder(facts.products),
    plans: inOrder(facts.plans),
    planTemplates: inOrder(facts.planTemplates),
    planGroups: inOrder(facts.planGroups),
    pricings: inOrder(facts.pricings),
    counterPricings: inOrder(facts.counterPricings),
    aggregations: inOrder(facts.aggregations),
    compoundAggregations: inOrder(facts.compoundAggregations),
    counters: inOrder(facts.counters),
    lookupTables: facts.lookupTables,
  };
}

/** Everything that is in neither of the other two parts. */
function restOf(facts: BillFacts): Partial<BillFacts> {
  const rest: Record<string, unknown> = {};
  for (const name of Object.keys(facts) as (keyof BillFacts)[])
    if (!CONFIGURATION_NAMES.has(name)) rest[name] = facts[name];
  return rest;
}

const CONFIGURATION_NAMES: ReadonlySet<keyof BillFacts> = new Set<keyof BillFacts>([
  'organization',
  'currencies',
  'products',
  'plans',
  'planTemplates',
  'planGroups',
  'pricings',
  'counterPricings',
  'aggregations',
  'compoundAggregations',
  'counters',
  'lookupTables',
  'accounts',
  'accountPlans',
  'contracts',
  'counterAdjustments',
  'customFields',
]);

/** The facts of a batch hold the custom fields of all its accounts; only those of the unit are kept. */
function ownCustomFields(facts: BillFacts, { defaults, own }: BillFacts['customFields']) {
  if (own.size === 0) return { defaults, own };
  const { accounts, products, planTemplates, plans, accountPlans, contracts, compoundAggregations } = facts;
  const rows = [accounts, products, planTemplates, plans, accountPlans, contracts, compoundAggregations];
  const ids = rows.flatMap((table) => table.map((row) => row.id)).filter((id) => own.has(id));
  return { defaults, own: new Map(ids.map((id) => [id, own.get(id)])) };
}

function inOrder<T extends { readonly id: string }>(rows: readonly T[]): readonly T[] {
  return rows.toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

// Spec 40 §8.5: the rows of one account unit, found by id; nothing here depends on the order of the rows.
import { present } from '../../kernel/assert.ts';
import type { CurrencyRule } from '../money/rounding.ts';
import type {
  AccountFacts,
  AggregationFacts,
  BillFacts,
  CompoundAggregationFacts,
  ContractFacts,
  CounterFacts,
  PlanFacts,
  PlanGroupFacts,
  PlanTemplateFacts,
  PricingFacts,
  ProductFacts,
} from './facts.ts';

type ById<T> = ReadonlyMap<string, T>;

export type FactsIndex = {
  readonly facts: BillFacts;
  /** The parent account, or the only one. */
  readonly head: AccountFacts;
  readonly currencies: ById<CurrencyRule>;
  readonly products: ById<ProductFacts>;
  readonly accounts: ById<AccountFacts>;
  readonly contracts: ById<ContractFacts>;
  readonly plans: ById<PlanFacts>;
  readonly planTemplates: ById<PlanTemplateFacts>;
  readonly planGroups: ById<PlanGroupFacts>;
  readonly pricings: ById<PricingFacts>;
  readonly aggregations: ById<AggregationFacts>;
  readonly aggregationsByCode: ReadonlyMap<string, AggregationFacts>;
  readonly compoundAggregations: ById<CompoundAggregationFacts>;
  readonly counters: ById<CounterFacts>;
};

/** The facts with a map per kind of row. */
export function factsIndex(facts: BillFacts): FactsIndex {
  const heads = facts.accounts.filter((account) => account.parentAccountId === null);
  return {
    facts,
    head: present(heads.length === 1 ? heads[0] : null, 'the one account of the unit without a parent'),
    currencies: new Map(facts.currencies.map((currency) => [currency.code, currency])),
    products: byId(facts.products),
    accounts: byId(facts.accounts),
    contracts: byId(facts.contracts),
    plans: byId(facts.plans),
    planTemplates: byId(facts.planTemplates),
    planGroups: byId(facts.planGroups),
    pricings: byId(facts.pricings),
    aggregations: byId(facts.aggregations),
    aggregationsByCode: new Map(facts.aggregations.map((row) => [row.code ?? '', row])),
    compoundAggregations: byId(facts.compoundAggregations),
    counters: byId(facts.counters),
  };
}

function byId<T extends { readonly id: string }>(rows: readonly T[]): ById<T> {
  return new Map(rows.map((row) => [row.id, row]));
}

/** The row of that id, which a reference in the facts promises. */
export function rowOf<T>(rows: ById<T>, id: string): T {
  return present(rows.get(id), `the row ${id} of the facts`);
}

/** -1, 0 or 1 by code units, the same in every locale. */
export function textOrder(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** A sorted copy; rows are ordered by the text that `key` makes of them. */
export function sortedBy<T>(rows: readonly T[], key: (row: T) => string): readonly T[] {
  return [...rows].sort((a, b) => textOrder(key(a), key(b)));
}

import type { BillFacts, BillTarget } from '../../engine/billing/facts.ts';
import { aggregationCodesOf } from '../../engine/metering/compound-names.ts';
import type { Instant } from '../../kernel/time.ts';
import type { Reader } from '../../store/database.ts';
import { onOneSession } from '../../store/one-session.ts';
import { storedUntil } from '../usage/index.ts';
import {
  type ContractRow,
  loadAccountPlans,
  loadAccounts,
  loadContracts,
  loadCounterAdjustments,
} from './account-facts.ts';
import { loadBalances } from './balance-facts.ts';
import { type CatalogFacts, groupedBy, loadCatalogFacts } from './catalog-facts.ts';
import { loadCharges } from './charge-facts.ts';
import { loadCommitments } from './commitment-facts.ts';
import { loadCustomFields, lookupTablesNamedBy } from './compound-facts.ts';
import { existingBillRows, loadExistingBills } from './existing-bills.ts';
import { formerBills } from './former-bills.ts';
import type { BillingOrganization } from './load-organization.ts';

/** A unit is named by its parent account, or by its only one. */
export type UnitFacts = {
  readonly unitId: string;
  readonly facts: BillFacts;
  /** Measurements that came before it were stored when the facts were read; it is no fact of a bill. */
  readonly measuredBefore: Instant;
};

export type FactsRequest = {
  readonly organization: BillingOrganization;
  readonly unitIds: readonly string[];
  readonly target: BillTarget;
  /** The time of the calculation: money applied to balances by then can be drawn. */
  readonly now: Instant;
  /** Whether the bills are going to be written: then the balances are locked until the transaction ends. */
  readonly lockBalances: boolean;
};

/**
 * Everything that the bills of the units are calculated from, read set by set for all units together. Units
 * whose account does not exist any more are left out.
 */
export async function loadBillFacts(db: Reader, request: FactsRequest): Promise<readonly UnitFacts[]> {
  return onOneSession(db, (session) => unitFacts(session, request));
}

async function unitFacts(db: Reader, request: FactsRequest): Promise<readonly UnitFacts[]> {
  const { organization, unitIds, target } = request;
  const source = { db, orgId: organization.orgId };
  const accounts = await loadAccounts(source, unitIds);
  const accountIds = accounts.map((account) => account.id);
  const rows = await heldRows(source, request, accountIds);
  const { measuredBefore, accountPlans, commitments, balances, charges } = rows;
  const linkedIds = [...accountPlans, ...commitments, ...charges].map((row) => row.contractId);
  const productIds = [
    ...productIdsOf(balances),
    ...productsOfCommitments(commitments),
    ...accountingProductsOf(charges),
  ];
  const [contracts, catalog] = await Promise.all([
    loadContracts(source, { accountIds, linkedIds: [...new Set(linkedIds.filter((id) => id !== null))] }),
    loadCatalogFacts(source, accountPlans, productIds),
  ]);
  const planTemplates = [...catalog.planTemplates.values()];
  const contractIds = contracts.map((row) => row.id);
  const [bills, customFields] = await Promise.all([
    loadExistingBills(db, { organization, rows: rows.billRows, target, planTemplates }),
    loadCustomFields(source, { accountIds, contractIds }, catalog),
  ]);
  const parts = partsByAccount({ bills, contracts, ...rows });
  const former = formerBills({ accounts, accountPlans, commitments, bills });
  const units = groupedBy(accounts, (account) => account.parentAccountId ?? account.id);
  return unitIds.flatMap((unitId) => {
    const own = units.get(unitId);
    if (own === undefined) return [];
    const facts = factsOf({ catalog, customFields, parts, accounts: own, ...request });
    return [{ unitId, facts: withFormerBills(facts, former.get(unitId)), measuredBefore }];
  });
}

type Source = { readonly db: Reader; readonly orgId: string };

/** What hangs on the accounts: credits are locked first, so that what was waited for counts in the others. */
async function heldRows(source: Source, request: FactsRequest, accountIds: readonly string[]) {
  const { organization, now, lockBalances: lock } = request;
  const { timezone: zone } = organization.facts;
  const [commitments, balances, accountPlans, counterAdjustments, charges, billRows, measuredBefore] =
    await Promise.all([
      loadCommitments(source, { accountIds, zone, lock }),
      loadBalances(source, { accountIds, now, lock }),
      loadAccountPlans(source, accountIds),
      loadCounterAdjustments(source, accountIds),
      loadCharges(source, accountIds),
      existingBillRows(source, organization, accountIds),
      storedUntil(source.db, source.orgId, now),
    ]);
  return { commitments, balances, accountPlans, counterAdjustments, charges, billRows, measuredBefore };
}

/** Products that lines of the balances show. */
function productIdsOf(balances: BillFacts['balances']): readonly string[] {
  return balances.flatMap(({ productIds, consumptionsAccountingProductId }) =>
    [...productIds, consumptionsAccountingProductId].filter((id) => id !== null),
  );
}

function productsOfCommitments(commitments: BillFacts['commitments']): readonly string[] {
  return commitments.flatMap((row) =>
    [
      ...row.productIds,
      row.accountingProductId,
      row.feesAccountingProductId,
      row.drawdownsAccountingProductId,
    ].filter((id) => id !== null),
  );
}

function accountingProductsOf(charges: BillFacts['charges']): readonly string[] {
  return charges.map((row) => row.accountingProductId).filter((id) => id !== null);
}

type Parts = {
  readonly accountPlans: ReadonlyMap<string, BillFacts['accountPlans']>;
  readonly contracts: ReadonlyMap<string, BillFacts['contracts']>;
  readonly contractsById: ReadonlyMap<string, ContractRow>;
  readonly counterAdjustments: ReadonlyMap<string, BillFacts['counterAdjustments']>;
  readonly bills: ReadonlyMap<string, BillFacts['bills']>;
  readonly balances: ReadonlyMap<string, BillFacts['balances']>;
  readonly commitments: ReadonlyMap<string, BillFacts['commitments']>;
  readonly charges: ReadonlyMap<string, BillFacts['charges']>;
};

type AccountRows = Pick<
  BillFacts,
  'accountPlans' | 'counterAdjustments' | 'bills' | 'commitments' | 'balances' | 'charges'
> & { readonly contracts: readonly ContractRow[] };

function partsByAccount(rows: AccountRows): Parts {
  return {
    accountPlans: groupedBy(rows.accountPlans, (row) => row.accountId),
    contracts: groupedBy(rows.contracts, (row) => row.accountId),
    contractsById: new Map(rows.contracts.map((row) => [row.id, row])),
    counterAdjustments: groupedBy(rows.counterAdjustments, (row) => row.accountId),
    bills: groupedBy(rows.bills, (bill) => bill.identity.accountId),
    balances: groupedBy(rows.balances, (row) => row.accountId),
    commitments: groupedBy(rows.commitments, (row) => row.accountId),
    charges: groupedBy(rows.charges, (row) => row.accountId),
  };
}

type OneUnit = FactsRequest & {
  readonly catalog: CatalogFacts;
  readonly customFields: BillFacts['customFields'];
  readonly parts: Parts;
  readonly accounts: BillFacts['accounts'];
};

function factsOf({ organization, target, catalog, customFields, parts, accounts }: OneUnit): BillFacts {
  const ofUnit = <T>(rows: ReadonlyMap<string, readonly T[]>) =>
    accounts.flatMap((account) => rows.get(account.id) ?? []);
  const accountPlans = ofUnit(parts.accountPlans);
  const commitments = ofUnit(parts.commitments);
  const charges = ofUnit(parts.charges);
  const linked = [...accountPlans, ...commitments, ...charges].map((row) => row.contractId);
  const own = ofUnit(parts.contracts).map((row) => row.id);
  const priced = catalogOf(catalog, accountPlans);
  // Written out: V8 forgets the shape of an object that was made by copying when the last one of it goes.
  const facts = {
    organization: organization.facts,
    currencies: organization.currencies,
    target,
    accounts,
    accountPlans,
    customFields,
    contracts: found(parts.contractsById, [...own, ...linked]),
    counterAdjustments: ofUnit(parts.counterAdjustments),
    bills: ofUnit(parts.bills),
    balances: ofUnit(parts.balances),
    commitments,
    charges,
    products: priced.products,
    plans: priced.plans,
    planTemplates: priced.planTemplates,
    planGroups: priced.planGroups,
    pricings: priced.pricings,
    counterPricings: priced.counterPricings,
    aggregations: priced.aggregations,
    compoundAggregations: priced.compoundAggregations,
    counters: priced.counters,
  };
  return withLookupTables(facts, catalog);
}

/** As they are for a unit that no account has joined or left. */
function withFormerBills(facts: BillFacts, bills: BillFacts['formerBills']): BillFacts {
  return bills === undefined ? facts : { ...facts, formerBills: bills };
}

/** As they are for a unit whose compound aggregations name no table. */
function withLookupTables(facts: BillFacts, { lookupTables }: CatalogFacts): BillFacts {
  if (lookupTables.size === 0) return facts;
  const named = lookupTablesNamedBy(facts.compoundAggregations);
  if (named.length === 0) return facts;
  return { ...facts, lookupTables: new Map([...lookupTables].filter(([code]) => named.includes(code))) };
}

type UnitCatalog = Pick<
  BillFacts,
  | 'products'
  | 'plans'
  | 'planTemplates'
  | 'planGroups'
  | 'pricings'
  | 'counterPricings'
  | 'aggregations'
  | 'compoundAggregations'
  | 'counters'
>;

/** The part of the batch's catalog that the attachments of one unit lead to. */
function catalogOf(catalog: CatalogFacts, accountPlans: BillFacts['accountPlans']): UnitCatalog {
  const planGroups = found(
    catalog.planGroups,
    accountPlans.map((row) => row.planGroupId),
  );
  const members = planGroups.flatMap((group) => group.planIds);
  const plans = found(catalog.plans, [...accountPlans.map((row) => row.planId), ...members]);
  const planTemplates = found(
    catalog.planTemplates,
    plans.map((plan) => plan.planTemplateId),
  );
  const owners = [...plans, ...planTemplates];
  const pricings = owners.flatMap((owner) => catalog.pricings.get(owner.id) ?? []);
  const counterPricings = owners.flatMap((owner) => catalog.counterPricings.get(owner.id) ?? []);
  const { aggregations, compoundAggregations } = metricsOf(catalog, pricings);
  return {
    products: catalog.products,
    plans,
    planTemplates,
    planGroups,
    pricings,
    counterPricings,
    aggregations,
    compoundAggregations,
    counters: found(
      catalog.counters,
      counterPricings.map((pricing) => pricing.counterId),
    ),
  };
}

/** The aggregations that are priced, and those that the priced compound ones are calculated from. */
function metricsOf(
  catalog: CatalogFacts,
  pricings: BillFacts['pricings'],
): Pick<BillFacts, 'aggregations' | 'compoundAggregations'> {
  const compoundAggregations = found(
    catalog.compoundAggregations,
    pricings.map((pricing) => pricing.compoundAggregationId),
  );
  const ids = new Set(pricings.map((pricing) => pricing.aggregationId));
  const codes = new Set(compoundAggregations.flatMap((row) => aggregationCodesOf(row.calculation)));
  const aggregations = [...catalog.aggregations.values()].filter(
    (row) => ids.has(row.id) || (row.code !== null && codes.has(row.code)),
  );
  return { aggregations, compoundAggregations };
}

function found<T>(rows: ReadonlyMap<string, T>, ids: readonly (string | null)[]): readonly T[] {
  const wanted = new Set(ids.filter((id) => id !== null));
  return [...wanted].map((id) => rows.get(id)).filter((row) => row !== undefined);
}

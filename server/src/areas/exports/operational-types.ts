import { sql } from 'kysely';
import { answerOf } from '../../api/entity-writes.ts';
import type { AnyResource } from '../../api/resource.ts';
import type { Context } from '../../context.ts';
import type { Instant } from '../../kernel/time.ts';
import type { Row } from '../../store/database.ts';
import { pageOfEntities, type Stored } from '../../store/entity-store.ts';
import {
  account,
  accountPlan,
  balance,
  balanceTransaction,
  commitment,
  contract,
} from '../accounts/index.ts';
import { BILL_EXPORT, BILL_LINE_ITEM_EXPORT, type BillExport, charge } from '../billing/index.ts';
import { aggregation, compoundAggregation, meter, product } from '../catalog/index.ts';
import { transactionType } from '../organization/index.ts';
import { plan, planGroup, planGroupLink, planTemplate, pricing, pricingBandRows } from '../pricing/index.ts';

/** Whose entities are exported, and from which change on; null = all of them. */
export type RowScope = { readonly orgId: string; readonly changedSince: Instant | null };

/** A type of entities as it is exported: a file of its own with these columns. */
export type OperationalType = {
  /** The type in object keys: lower case, singular. */
  readonly name: string;
  readonly columns: readonly string[];
  /** The entities as the API answers them, with `orgId`, page by page. */
  rows(ctx: Context, scope: RowScope): AsyncIterable<readonly Row[]>;
};

const HEAD = ['id', 'version'];
const AUDIT = ['dtCreated', 'dtLastModified', 'createdBy', 'lastModifiedBy'];
const PAGE_SIZE = 1000;
const BAND_FIELDS = ['lowerLimit', 'fixedPrice', 'unitPrice', 'creditTypeId'];

/** Every type that can be exported (spec 60 §8.2), one line each. */
const TYPES = {
  BILLS: billing('bill', BILL_EXPORT),
  BILL_LINE_ITEMS: billing('billlineitem', BILL_LINE_ITEM_EXPORT),
  ACCOUNTS: entities('account', account),
  ACCOUNT_PLANS: entities('accountplan', accountPlan),
  CONTRACTS: entities('contract', contract),
  COMMITMENTS: entities('commitment', commitment),
  BALANCES: entities('balance', balance),
  BALANCE_TRANSACTIONS: entities('balancetransaction', balanceTransaction, ['balanceId']),
  CHARGES: entities('charge', charge),
  TRANSACTION_TYPES: entities('transactiontype', transactionType),
  PRODUCTS: entities('product', product),
  METERS: entities('meter', meter),
  AGGREGATIONS: entities('aggregation', aggregation),
  COMPOUND_AGGREGATIONS: entities('compoundaggregation', compoundAggregation),
  PLAN_TEMPLATES: entities('plantemplate', planTemplate),
  PLANS: entities('plan', plan),
  PLAN_GROUPS: entities('plangroup', planGroup),
  PLAN_GROUP_LINKS: entities('plangrouplink', planGroupLink),
  PRICING: entities('pricing', pricing),
  PRICING_BANDS: pricingBands(),
} as const satisfies Record<string, OperationalType>;

export type OperationalTypeName = keyof typeof TYPES;

/** The names of the types as requests give them. */
export const OPERATIONAL_TYPES = Object.keys(TYPES) as OperationalTypeName[];

/** The type of that name. */
export function operationalType(name: OperationalTypeName): OperationalType {
  return TYPES[name];
}

type Declaration = Omit<AnyResource, 'operations'>;

/** A declared resource; `pathFields` lie in the path of the API and only in the rows of exports. */
function entities(name: string, resource: Declaration, pathFields: readonly string[] = []): OperationalType {
  const columns = [...HEAD, ...pathFields, ...Object.keys(resource.response.shape), ...AUDIT, 'orgId'];
  return {
    name,
    columns,
    async *rows(ctx, scope) {
      for await (const page of entityPages(ctx, resource, scope)) {
        yield page.map((entity) => ({
          ...answerOf(resource, entity),
          ...Object.fromEntries(pathFields.map((field) => [field, entity[field]])),
          orgId: scope.orgId,
        }));
      }
    },
  };
}

/** All entities, newest first; those that are made meanwhile are left out. */
async function* entityPages(
  ctx: Context,
  resource: Declaration,
  { orgId, changedSince }: RowScope,
): AsyncGenerator<readonly Stored[]> {
  const table = resource.tableAt(ctx.clock.now());
  const changed = sql.ref(`${resource.table}.dtLastModified`);
  const conditions =
    changedSince === null ? [] : [sql<boolean>`${changed} >= ${String(changedSince)}::timestamptz`];
  let after: { readonly dtCreated: string; readonly id: string } | null = null;
  for (;;) {
    const found: Stored[] = await pageOfEntities(ctx.db, table, {
      orgId,
      conditions,
      size: PAGE_SIZE,
      after,
    });
    const page = found.slice(0, PAGE_SIZE);
    yield page;
    const last = page.at(-1);
    if (found.length <= PAGE_SIZE || !last) return;
    after = { dtCreated: String(last.dtCreated), id: last.id };
  }
}

/** Bills and their lines, which have a storage of their own. */
function billing(name: string, { fields, page }: BillExport): OperationalType {
  return {
    name,
    columns: [...HEAD, ...fields, ...AUDIT, 'orgId'],
    async *rows({ db }, { orgId, changedSince }) {
      let after: string | null = null;
      for (;;) {
        const rows: readonly Row[] = await page(db, { orgId, changedSince, after, size: PAGE_SIZE });
        yield rows.map((row) => ({ ...row, orgId }));
        const last = rows.at(-1);
        if (rows.length < PAGE_SIZE || !last) return;
        after = String(last['id']);
      }
    },
  };
}

/** The bands of all pricings. */
function pricingBands(): OperationalType {
  const columns = ['id', 'version', 'pricingId', 'type', 'overage', ...BAND_FIELDS, ...AUDIT, 'orgId'];
  return {
    name: 'pricingband',
    columns,
    async *rows(ctx, scope) {
      for await (const page of entityPages(ctx, pricing, scope))
        yield page.flatMap((row) => pricingBandRows(row as never));
    },
  };
}

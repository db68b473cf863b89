import { sql } from 'kysely';
import { writerOf } from '../../api/entity-writes.ts';
import type { AnyCall } from '../../api/operation.ts';
import type { ProductFacts } from '../../engine/billing/facts.ts';
import { type MemoLine, memoLine, numberedMemoLines } from '../../engine/billing/memo-line.ts';
import { type CurrencyRule, defaultCurrencyRule } from '../../engine/money/rounding.ts';
import { sumOf } from '../../kernel/decimal.ts';
import { refusal } from '../../kernel/errors.ts';
import type { Tx } from '../../store/database.ts';
import { type Envelope, newEnvelope } from '../../store/entity-store.ts';
import { billChange, recordBillChanges, type WholeBill } from './bill-changes.ts';
import { replaceLines } from './bill-lines.ts';
import { type BillRow, type LineRow, linesOfBills, lockBillsWhere } from './bill-rows.ts';
import { currencyRules } from './currency-rules.ts';
import { replaceBills } from './draft-row.ts';
import { MEMO_TYPES } from './existing-bills.ts';
import { existing } from './get-bill.ts';
import { type MemoKind, reasonOf, type StoredMemo } from './memo-line.ts';
import { lockUnits } from './run-bill-job.ts';

/** A bill that nobody else calculates or writes until the transaction ends, and its account unit. */
export type HeldBill = WholeBill & { readonly unitId: string };

/**
 * The bill of that id; throws NOT_FOUND. A calculation in progress is waited for, since it would write the
 * memos that it has read; it holds the unit before its bills, and so does this.
 */
export async function holdBill(tx: Tx, orgId: string, billId: string): Promise<HeldBill> {
  const { rows } = await sql<{ unitId: string }>`
    select coalesce(a.parent_account_id, a.id) as unit_id
    from bill b join account a on a.org_id = b.org_id and a.id = b.account_id
    where b.org_id = ${orgId} and b.id = ${billId}`.execute(tx);
  const unitIds = rows.map(({ unitId }) => unitId);
  await lockUnits(tx, unitIds);
  const bill = existing((await lockBillsWhere(tx, orgId, [sql`b.id = ${billId}`]))[0]);
  const lines = (await linesOfBills(tx, orgId, [billId])).get(billId) ?? [];
  return { bill, lines, unitId: unitIds[0] ?? bill.accountId };
}

/** The line of a stored memo on its bill; throws VALIDATION_FAILED for an amount that cannot be rounded. */
export async function lineOfMemo(tx: Tx, kind: MemoKind, stored: Placed): Promise<MemoLine> {
  const { memo, bill } = stored;
  const products = await productsOf(tx, memo);
  const line = memoLine(
    {
      id: memo.id,
      lineItemType: kind.lineItemType,
      description: memo.description,
      amount: memo.amount,
      amountToApplyOnBill: memo.amountToApplyOnBill,
      service: { start: memo.servicePeriodStartDate, end: memo.servicePeriodEndDate },
      product: products.get(memo.productId ?? '') ?? null,
      accountingProduct: products.get(memo.accountingProductId ?? '') ?? null,
      referencedBillId: memo.referencedBillId,
      referencedLineItemId: memo.referencedLineItemId,
      reasonId: reasonOf(kind, memo),
    },
    { accountId: bill.accountId, currency: await currencyRuleOf(tx, bill) },
  );
  if (!('kind' in line)) return line;
  throw refusal('VALIDATION_FAILED', 'amount', `has more decimals than ${line.currency} has`);
}

type Placed = { readonly memo: StoredMemo; readonly bill: BillRow };

async function productsOf(tx: Tx, memo: StoredMemo): Promise<ReadonlyMap<string, ProductFacts>> {
  const ids = [memo.productId, memo.accountingProductId].filter((id) => id !== null);
  const { rows } = await sql<ProductFacts>`
    select id, name, code from product where org_id = ${memo.orgId} and id = any(${ids}::uuid[])`.execute(tx);
  return new Map(rows.map((product) => [product.id, product]));
}

async function currencyRuleOf(tx: Tx, bill: BillRow): Promise<CurrencyRule> {
  const currency = String(bill['currency']);
  const rules = await currencyRules(tx, bill.orgId);
  return rules.find((rule) => rule.code === currency) ?? defaultCurrencyRule(currency);
}

export type MemoChange = {
  readonly held: HeldBill;
  readonly memoId: string;
  /** Null takes the line off the bill. */
  readonly line: MemoLine | null;
};

/**
 * Gives the bill the memo's line as it is now: the total is the sum of the lines again, the version counts
 * up, an approval is gone and a statement is stale (spec 40 §7.1, §7.5). Nothing else is calculated.
 */
export async function replaceMemoLine(tx: Tx, call: AnyCall, change: MemoChange): Promise<void> {
  const writer = writerOf(call);
  const { bill: before } = change.held;
  const lines = changedLines(change, {
    ...newEnvelope(writer),
  });
  const bill: BillRow = {
    ...before,
    version: before.version + 1,
    dtLastModified: writer.now,
    lastModifiedBy: writer.principalId,
    billTotal: sumOf(lines.map((line) => line.convertedSubtotal)),
    status: 'PENDING',
    dtApproved: null,
    approvedBy: null,
    statementStale: before['jsonStatementGenerated'] === true || before['csvStatementGenerated'] === true,
  };
  await replaceBills(tx, [bill]);
  await replaceLines(tx, writer, { billIds: [bill.id], lines });
  await recordBillChanges(tx, writer, [billChange(change.held, { bill, lines }, call.request.id)]);
}

type LineEnvelope = Omit<Envelope, 'id'> & { readonly orgId: string };

/** The lines of the bill after the change. Memo lines are last; their keys are the ids of their memos. */
function changedLines({ held, memoId, line }: MemoChange, envelope: LineEnvelope): readonly LineRow[] {
  const generated = held.lines.filter((one) => !isMemoLine(one));
  const kept = held.lines.filter((one) => isMemoLine(one) && one.key !== memoId);
  const memos = [...(kept as unknown as readonly MemoLine[]), ...(line === null ? [] : [line])];
  const numbered = numberedMemoLines(memos, generated.length);
  const billId = held.bill.id;
  return [...generated, ...numbered.map((memo) => ({ ...memo, ...envelope, billId, id: memo.key }))];
}

function isMemoLine({ lineItemType }: LineRow): boolean {
  return (MEMO_TYPES as readonly string[]).includes(lineItemType);
}

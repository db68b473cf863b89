import { sql } from 'kysely';
import type { DraftBill } from '../../engine/billing/bill.ts';
import type { Tx } from '../../store/database.ts';
import { newEnvelope, type Writer } from '../../store/entity-store.ts';
import { insertRows } from '../../store/insert-rows.ts';
import type { Change } from '../../store/outbox.ts';
import { withNext } from '../../store/value-client.ts';
import { billChange, recordBillChanges, type WholeBill } from './bill-changes.ts';
import { type BillDraws, replaceDraws } from './bill-draws.ts';
import type { CatalogTexts } from './bill-fact-parts.ts';
import { insertLines, lineRows, replaceLines } from './bill-lines.ts';
import { type BillFactTexts, type BillOrigin, billFactTexts, keepBillFacts } from './bill-manifest.ts';
import { type BillRow, type LineRow, linesOfBills, lockBillsWhere } from './bill-rows.ts';
import { billCreatedAlert, billJobAlert, codeOf, failureAlerts } from './billing-alerts.ts';
import type { CalculatedUnit } from './calculate-units.ts';
import { markBilledCharges } from './charge-facts.ts';
import { feesAmong } from './commitment-movements.ts';
import { calculatedValues, replaceBills } from './draft-row.ts';
import { allocateInvoiceNumbers } from './invoice-numbers.ts';
import type { BillingOrganization } from './load-organization.ts';

export type Applying = {
  readonly organization: BillingOrganization;
  readonly writer: Writer;
  /** The job that asks; null when something else does, such as a changed charge. */
  readonly billJobId: string | null;
  /** The job's timezone as it was sent; null keeps the one of the existing bills. */
  readonly timezoneText: string | null;
};

type Draft = DraftBill & { readonly accountCode: string; readonly unit: CalculatedUnit };

/**
 * Few enough that calculated bills and the rows made of them are gone before the next collection of garbage.
 */
const UNITS_AT_A_TIME = 84;

/**
 * Writes the calculated bills of a batch of units with their lines, numbers, events and alerts: a handful of
 * statements for some dozens of units (spec 40 §8.5). Existing bills that have been locked or deleted since
 * they were read are left alone. Answers the ids of the bills written.
 */
export async function applyBills(
  tx: Tx,
  applying: Applying,
  units: AsyncIterable<CalculatedUnit> | Iterable<CalculatedUnit>,
): Promise<readonly string[]> {
  const ids: string[] = [];
  const facts: BillFactTexts[] = [];
  const catalogs: CatalogTexts = new Map();
  const apply = async (some: readonly CalculatedUnit[]) => {
    const written = await applySome(tx, applying, some);
    ids.push(...written.ids);
    facts.push(...billFactTexts(written.origins, catalogs));
  };
  let some: CalculatedUnit[] = [];
  const atTheEnd: CalculatedUnit[] = [];
  for await (const unit of units) {
    (isForTheEnd(unit, applying) ? atTheEnd : some).push(unit);
    if (some.length < UNITS_AT_A_TIME) continue;
    await apply(some);
    some = [];
  }
  await apply(some);
  await apply(atTheEnd);
  await markBilledCharges(tx, applying.organization.orgId, ids);
  await recordJobBills(tx, applying, ids);
  await keepBillFacts(tx, applying.writer, facts);
  return ids;
}

/**
 * Existing bills are locked in one statement, so that all do it in one order. Who takes invoice numbers keeps
 * others from doing so until the transaction ends.
 */
function isForTheEnd({ bills }: CalculatedUnit, { organization }: Applying): boolean {
  return organization.billPrefix !== null || bills.some(({ existingBillId }) => existingBillId !== null);
}

type Applied = Pick<Written, 'ids' | 'origins'>;

async function applySome(tx: Tx, applying: Applying, units: readonly CalculatedUnit[]): Promise<Applied> {
  const drafts = units.flatMap(draftsOf);
  const updated = await updateExisting(tx, applying, drafts);
  const created = await createNew(
    tx,
    applying,
    drafts.filter((draft) => isWanted(draft, applying)),
  );
  const draws = [...updated.draws, ...created.draws];
  const fees = [...updated.fees, ...created.fees];
  const billIds = [...new Set([...updated.ids, ...[...draws, ...fees].map(({ billId }) => billId)])];
  // New bills that take nothing have nothing to give back: the whole batch goes out with the commit.
  await replaceDraws(tx, applying.writer, { billIds, draws, fees, requestId: null });
  const alerts = units.flatMap(failureAlerts).map((alert) => billJobAlert(applying.writer, alert));
  await recordBillChanges(tx, applying.writer, [...updated.changes, ...created.changes, ...alerts]);
  return { ids: [...updated.ids, ...created.ids], origins: [...updated.origins, ...created.origins] };
}

function draftsOf(unit: CalculatedUnit): readonly Draft[] {
  const drafts: Draft[] = [];
  for (const bill of unit.bills) {
    drafts.push({ unit, ...bill, accountCode: codeOf(unit.facts, bill.identity.accountId) });
  }
  return drafts;
}

async function recordJobBills(tx: Tx, applying: Applying, ids: readonly string[]): Promise<void> {
  const { billJobId } = applying;
  if (billJobId === null || ids.length === 0) return;
  const { orgId } = applying.organization;
  await sql`${withNext}insert into bill_job_batch (org_id, bill_job_id, bill_ids)
    values (${orgId}, ${billJobId}, string_to_array(${ids.join('\n')}::text, e'\\n')::uuid[])`.execute(tx);
}

type Written = {
  readonly ids: readonly string[];
  readonly origins: readonly BillOrigin[];
  readonly changes: readonly Change[];
  readonly draws: BillDraws['draws'];
  readonly fees: BillDraws['fees'];
};

/** Spec 40 §4.6: an empty bill is not created when empty ones are suppressed. */
function isWanted(draft: Draft, { organization }: Applying): boolean {
  return draft.existingBillId === null && !(draft.isEmpty && organization.suppressedEmptyBills);
}

async function createNew(tx: Tx, applying: Applying, drafts: readonly Draft[]): Promise<Written> {
  const { writer, organization } = applying;
  const numbers = await allocateInvoiceNumbers(tx, organization, drafts.length);
  const bills: BillRow[] = [];
  const allLines: LineRow[] = [];
  const changes: Change[] = [];
  for (const [i, draft] of drafts.entries()) {
    const bill = newBill(applying, draft, numbers[i] ?? null);
    const lines = lineRows(writer, bill.id, { lines: draft.lines, before: [] });
    bills.push(bill);
    for (const line of lines) allLines.push(line);
    changes.push(billChange(null, { bill, lines }, null));
    changes.push(billJobAlert(writer, billCreatedAlert(bill.id, draft, draft.accountCode)));
  }
  await insertRows(tx, 'bill', bills);
  await insertLines(tx, allLines);
  return writtenBills(drafts, bills, changes);
}

function newBill(applying: Applying, draft: Draft, sequentialInvoiceNumber: string | null): BillRow {
  const row = {
    accountCode: draft.accountCode,
    locked: isLocked(draft, applying.organization),
    timezone: applying.timezoneText ?? zoneText(draft, applying.organization),
    ...calculatedValues(draft, applying),
    ...newEnvelope(applying.writer),
    sequentialInvoiceNumber,
    dtLocked: null,
    lockedBy: null,
    externalInvoiceReference: null,
    jsonStatementGenerated: false,
    csvStatementGenerated: false,
    statementStale: false,
    contentVersion: 1,
  };
  return row as unknown as BillRow;
}

/** Bills, each beside the draft that it was written from, and what hangs on them. */
function writtenBills(
  drafts: readonly Draft[],
  bills: readonly BillRow[],
  changes: readonly Change[],
): Written {
  const ids: string[] = [];
  const origins: BillOrigin[] = [];
  const draws: BillDraws['draws'][number][] = [];
  const fees: BillDraws['fees'][number][] = [];
  for (const [i, { id }] of bills.entries()) {
    const draft = drafts[i] as Draft;
    ids.push(id);
    origins.push({ billId: id, unit: draft.unit });
    for (const draw of draft.draws) draws.push({ billId: id, ...draw });
    fees.push(...feesAmong(id, draft.lines));
  }
  return { ids, origins, changes, draws, fees };
}

/** The zone of a new bill as it was configured. */
function zoneText({ timezone }: DraftBill, { facts, timezoneText }: BillingOrganization): string {
  return timezone === facts.timezone ? timezoneText : timezone;
}

function isLocked({ endDate }: DraftBill, { billLockDate }: BillingOrganization): boolean {
  return billLockDate !== null && endDate.since(billLockDate).sign <= 0;
}

async function updateExisting(tx: Tx, applying: Applying, drafts: readonly Draft[]): Promise<Written> {
  const { orgId } = applying.organization;
  const wanted = new Map(drafts.map((draft) => [draft.existingBillId, draft]));
  const ids = [...wanted.keys()].filter((id) => id !== null);
  if (ids.length === 0) return { ids: [], origins: [], changes: [], draws: [], fees: [] };
  const found = await lockBillsWhere(tx, orgId, [sql`b.id = any(${ids}::uuid[])`]);
  const open = found.filter((bill) => !bill.locked);
  const lines = await linesOfBills(
    tx,
    orgId,
    open.map((bill) => bill.id),
  );
  const changed = open.map((bill) => {
    const before = { bill, lines: lines.get(bill.id) ?? [] };
    return { before, after: recalculated(before, wanted.get(bill.id) as Draft, applying) };
  });
  await replaceBills(
    tx,
    changed.map(({ after }) => after.bill),
  );
  await replaceLines(tx, applying.writer, {
    billIds: open.map((bill) => bill.id),
    lines: changed.flatMap(({ after }) => after.lines),
  });
  return writtenBills(
    open.map((bill) => wanted.get(bill.id) as Draft),
    open,
    changed.map(({ before, after }) => billChange(before, after, null)),
  );
}

/** Spec 40 §7.5: a recalculated bill keeps identity, number and memo lines, and is PENDING again. */
function recalculated(before: WholeBill, draft: Draft, applying: Applying): WholeBill {
  const { bill, lines } = before;
  const { writer } = applying;
  const after = {
    ...bill,
    ...calculatedValues(draft, applying),
    billJobId: applying.billJobId ?? bill['billJobId'],
    version: bill.version + 1,
    dtLastModified: writer.now,
    lastModifiedBy: writer.principalId,
    timezone: applying.timezoneText ?? bill['timezone'],
    statementStale: bill['jsonStatementGenerated'] === true || bill['csvStatementGenerated'] === true,
  } as BillRow;
  return { bill: after, lines: lineRows(writer, bill.id, { lines: draft.lines, before: lines }) };
}

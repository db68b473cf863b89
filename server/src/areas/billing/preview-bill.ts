import { sql } from 'kysely';
import { z } from 'zod';
import { integer, list, oneOf, reference } from '../../api/fields.ts';
import { ignoredParameter } from '../../api/filters.ts';
import { defineOperation } from '../../api/operation.ts';
import type { Context } from '../../context.ts';
import type { DraftBill } from '../../engine/billing/bill.ts';
import { dueBills } from '../../engine/billing/due-bills.ts';
import type { CreateTarget } from '../../engine/billing/facts.ts';
import { ApiError, refusal } from '../../kernel/errors.ts';
import { newId, SYSTEM_PRINCIPAL } from '../../kernel/ids.ts';
import type { Row } from '../../store/database.ts';
import { wholeBillAnswer } from './bill-answer.ts';
import { billResponse } from './bill-fields.ts';
import { billJobFields } from './bill-job.ts';
import { lineRows } from './bill-lines.ts';
import type { BillRow } from './bill-rows.ts';
import { createTarget } from './bill-target.ts';
import { codeOf, failureText } from './billing-alerts.ts';
import { type CalculatedUnit, calculateUnits } from './calculate-units.ts';
import { calculatedValues } from './draft-row.ts';
import { existingBill, storedBillAnswer } from './get-bill.ts';
import { loadBillFacts } from './load-bill-facts.ts';
import { type BillingOrganization, loadOrganization } from './load-organization.ts';

/** The bill that a job would write for one account; nothing is stored (spec 40 §8.4). */
export const previewBill = defineOperation({
  id: 'PreviewBill',
  method: 'POST',
  path: '/bills/preview',
  summary: 'preview a bill',
  tag: 'Bill',
  permission: { action: 'config:create', resource: 'billing:bill' },
  query: z.object({ debug: ignoredParameter({ type: 'boolean' }) }),
  body: z.object({
    ...billJobFields(),
    accountIds: list(reference('Account'), { min: 1, max: 1 }),
    billingFrequency: oneOf(['DAILY', 'WEEKLY', 'MONTHLY', 'ANNUALLY', 'AD_HOC']),
    billFrequencyInterval: integer(),
  }),
  response: billResponse(),
  handle: async ({ ctx, orgId, body }) => {
    const wanted = body();
    const [accountId = ''] = wanted.accountIds;
    const target = createTarget(wanted, ctx.clock.now());
    const organization = await loadOrganization(ctx.db, orgId);
    const unit = await calculatedUnit(ctx, { organization, accountId, target });
    const timezoneText = wanted.timezone ?? organization.timezoneText;
    return previewOf(ctx, { orgId, accountId, unit, timezoneText });
  },
});

type Wanted = {
  readonly organization: BillingOrganization;
  readonly accountId: string;
  readonly target: CreateTarget;
};

async function calculatedUnit(
  ctx: Context,
  { organization, accountId, target }: Wanted,
): Promise<CalculatedUnit> {
  const { orgId } = organization;
  const { rows } = await sql<{ unitId: string }>`
    select coalesce(parent_account_id, id) as unit_id from account
    where org_id = ${orgId} and id = ${accountId}`.execute(ctx.db);
  const [found] = rows;
  if (!found) throw refusal('REFERENCE_NOT_FOUND', 'accountIds[0]', 'names no account');
  const units = await loadBillFacts(ctx.db, {
    ...{ organization, unitIds: [found.unitId], target },
    now: target.now,
    lockBalances: false,
  });
  const [unit] = await calculateUnits(ctx, { db: ctx.db, orgId }, units);
  if (!unit) throw refusal('REFERENCE_NOT_FOUND', 'accountIds[0]', 'names no account');
  if (unit.error) throw unit.error;
  return unit;
}

type Calculated = {
  readonly orgId: string;
  readonly accountId: string;
  readonly unit: CalculatedUnit;
  /** As a create job would have it: what the request says, or the organization's as it was configured. */
  readonly timezoneText: string;
};

async function previewOf(ctx: Context, calculated: Calculated): Promise<Row> {
  const { accountId, unit } = calculated;
  refuseFailed(unit, accountId);
  const own = unit.bills.filter((bill) => bill.identity.accountId === accountId);
  const draft = own.find((bill) => bill.identity.groupKey === 'default') ?? own[0];
  if (draft) return draftAnswer(ctx, calculated, draft);
  const locked = dueBills(unit.facts).find((due) => due.identity.accountId === accountId && due.kept);
  if (locked?.existingBillId)
    return storedBillAnswer({ ctx, orgId: calculated.orgId }, locked.existingBillId);
  throw new ApiError('ILLEGAL_STATE', 'no bill of the account is due on that date');
}

function refuseFailed({ facts, failed }: CalculatedUnit, accountId: string): void {
  for (const { identities, failure } of failed) {
    const identity = identities.find((candidate) => candidate.accountId === accountId);
    if (!identity) continue;
    throw new ApiError('ILLEGAL_STATE', failureText(facts, identity, failure));
  }
}

/** The draft as if it had just been written; of an existing bill as its next version. */
async function draftAnswer(ctx: Context, calculated: Calculated, draft: DraftBill): Promise<Row> {
  const { orgId, accountId, unit, timezoneText } = calculated;
  const writer = { orgId, principalId: SYSTEM_PRINCIPAL, now: ctx.clock.now() };
  const { existingBillId } = draft;
  const before = existingBillId === null ? null : await existingBill(ctx.db, orgId, existingBillId);
  const bill = {
    ...NEW_BILL,
    ...before,
    ...calculatedValues(draft, { billJobId: null, writer }),
    id: before?.id ?? newId(),
    accountCode: codeOf(unit.facts, accountId),
    timezone: timezoneText,
  } as unknown as BillRow;
  return wholeBillAnswer(bill, lineRows(writer, bill.id, { lines: draft.lines, before: [] }));
}

const NEW_BILL = {
  locked: false,
  jsonStatementGenerated: false,
  csvStatementGenerated: false,
  statementStale: false,
};

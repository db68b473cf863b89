import { sql } from 'kysely';
import { z } from 'zod';
import { fieldsRefused } from '../../api/body.ts';
import { dateTime, flag, freeObject, list, oneOf, text, withDefault } from '../../api/fields.ts';
import { rowsMustBeAllowed } from '../../api/item-permission.ts';
import { type Call, defineOperation } from '../../api/operation.ts';
import { organizationZone } from '../../api/organization-zone.ts';
import { idOf } from '../../api/resource.ts';
import { ApiError } from '../../kernel/errors.ts';
import { localDate, startOfDate, Temporal } from '../../kernel/time.ts';
import { findEntity } from '../../store/entity-store.ts';
import { account } from './account.ts';
import { BILLING_ENTITIES, type Ended, endBillingEntities } from './billing-entities.ts';
import { contract } from './contract.ts';

const body = z.object({
  billingEntities: list(oneOf(BILLING_ENTITIES), { min: 1 }),
  endDate: dateTime(),
  applyToChildren: withDefault(flag(), false),
});

const UPDATE_ACCOUNT = { action: 'config:update', resource: account.permission };

const response = z.object({
  statusMessage: text(),
  updatedEntities: freeObject(),
  failedEntities: freeObject(),
});

type EndingCall = Call<Record<string, string>, unknown, z.output<typeof body>>;

/** Ends what an account is billed by, and its children on request (spec 40 §1.5, 50 §3.3). */
export const endDateAccountEntities = defineOperation({
  id: 'EndDateBillingEntitiesForAccount',
  method: 'PUT',
  path: '/accounts/{id}/enddatebillingentities',
  summary: 'end the billing entities of an account',
  tag: 'Account',
  permission: UPDATE_ACCOUNT,
  body,
  takesVersion: false,
  response,
  answers: 'whole',
  handle: async (call) => {
    const key = { orgId: call.orgId, id: idOf(call.params) };
    const found = await findEntity(call.ctx.db, account.entityTable, key);
    if (!found) throw new ApiError('NOT_FOUND', 'there is no Account with this id');
    return endedBy(call, { accountId: key.id });
  },
});

/**
 * As for the account that the contract belongs to, whether linked to the contract or not; of contracts this
 * one only (spec 50 §3.3).
 */
export const endDateContractEntities = defineOperation({
  id: 'EndDateBillingEntitiesForContract',
  method: 'PUT',
  path: '/contracts/{id}/enddatebillingentities',
  summary: 'end the billing entities of the account of a contract',
  tag: 'Contract',
  permission: { action: 'config:update', resource: 'config:contract' },
  body,
  takesVersion: false,
  response,
  answers: 'whole',
  handle: async (call) => {
    const key = { orgId: call.orgId, id: idOf(call.params) };
    const found = await findEntity(call.ctx.db, contract.entityTable, key);
    if (!found) throw new ApiError('NOT_FOUND', 'there is no Contract with this id');
    return endedBy(call, { accountId: String(found['accountId']), contractId: key.id });
  },
});

type Scope = { readonly accountId: string; readonly contractId?: string };

async function endedBy(call: EndingCall, { accountId, ...only }: Scope) {
  const { billingEntities, endDate, applyToChildren } = call.body();
  const zone = await organizationZone(call.ctx.db, call.orgId);
  // A bare date stands for its midnight; `dateTime` leaves placing it to us.
  const moment: unknown = endDate;
  const end = moment instanceof Temporal.PlainDate ? startOfDate(moment, zone) : endDate;
  const { year } = localDate(end, zone);
  if (year < 1 || year > 9999) throw fieldsRefused([{ field: 'endDate', message: 'is out of range' }]);
  const children = applyToChildren ? await childrenOf(call, accountId) : [];
  await rowsMustBeAllowed(call, UPDATE_ACCOUNT, { table: account.table, ids: children });
  const results: [string, Ended][] = [];
  for (const entity of new Set(billingEntities)) {
    const ending = { accountIds: [accountId, ...children], end, zone, ...only };
    results.push([entity, await endBillingEntities(call, entity, ending)]);
  }
  return {
    statusMessage: messageOf(results.map(([, ended]) => ended)),
    updatedEntities: Object.fromEntries(results.map(([entity, { updated }]) => [entity, updated])),
    failedEntities: Object.fromEntries(results.map(([entity, { failed }]) => [entity, failed])),
  };
}

async function childrenOf(call: EndingCall, accountId: string): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select id from account where org_id = ${call.orgId} and parent_account_id = ${accountId}
    order by id`.execute(call.ctx.db);
  return rows.map(({ id }) => id);
}

function messageOf(results: readonly Ended[]): string {
  if (results.some(({ failed }) => failed.length > 0)) return 'some entities could not be ended';
  if (results.some(({ updated }) => updated.length > 0)) return 'all entities were ended';
  return 'there was nothing to end';
}

import { sql } from 'kysely';
import { z } from 'zod';
import {
  dateParameter,
  enumParameter,
  flagParameter,
  idsParameter,
  uuidParameter,
} from '../../api/filters.ts';
import { defineOperation } from '../../api/operation.ts';
import { uuidFromText } from '../../kernel/ids.ts';
import type { PlainDate } from '../../kernel/time.ts';
import type { Condition, Row } from '../../store/database.ts';
import { BILL_STATUSES, BILLING_FREQUENCIES, billResponse } from './bill-fields.ts';
import { billPage, billPageParameters, billPartParameters } from './bill-page.ts';
import { periodConditions } from './billing-period.ts';

const RETRIEVE = { action: 'config:retrieve', resource: 'billing:bill' };

/** Bills by account, state and dates; all filters combine with AND (spec 40 §4.5). */
export const listBills = defineOperation({
  id: 'ListBills',
  method: 'GET',
  path: '/bills',
  summary: 'list bills',
  tag: 'Bill',
  permission: RETRIEVE,
  query: z.object({
    ...billPageParameters(),
    ...billPartParameters(),
    accountId: uuidParameter(),
    status: enumParameter(BILL_STATUSES),
    locked: flagParameter(),
    billDate: dateParameter(),
    billDateStart: dateParameter(),
    billDateEnd: dateParameter(),
    externalInvoiceDateStart: dateParameter(),
    externalInvoiceDateEnd: dateParameter(),
    ids: idsParameter(),
    billJobId: uuidParameter(),
    billingFrequency: enumParameter(BILLING_FREQUENCIES),
  }),
  response: billResponse(),
  answers: 'page',
  handle: (call) => billPage(call, filterConditions(call.query)),
});

type BillFilters = {
  readonly [name in
    | 'billDate'
    | 'billDateStart'
    | 'billDateEnd'
    | 'externalInvoiceDateStart'
    | 'externalInvoiceDateEnd']?: PlainDate | undefined;
} & {
  readonly accountId?: string | undefined;
  readonly status?: string | undefined;
  readonly locked?: boolean | undefined;
  readonly ids?: readonly string[] | undefined;
  readonly billJobId?: string | undefined;
  readonly billingFrequency?: string | undefined;
};

function filterConditions(query: BillFilters): Condition[] {
  const conditions = [
    given(query.accountId, (id) => sql`account_id = ${id}`),
    given(query.status, (status) => sql`status = ${status}`),
    given(query.locked, (included) => sql`(${included} or not locked)`),
    given(query.billDate, (date) => sql`bill_date = ${date}`),
    given(query.billDateStart, (date) => sql`bill_date >= ${date}`),
    given(query.billDateEnd, (date) => sql`bill_date < ${date}`),
    given(query.ids, (ids) => sql`id = any(${ids}::uuid[])`),
    given(query.billJobId, (id) => sql`bill_job_id = ${id}`),
    given(query.billingFrequency, (frequency) => sql`billing_frequency = ${frequency}`),
  ];
  return [...conditions.filter((condition) => condition !== null), ...externalInvoiceDateConditions(query)];
}

/** Spec 40 §4.5, §7.2: from the start on, before the end. */
export function externalInvoiceDateConditions(
  query: Pick<BillFilters, 'externalInvoiceDateStart' | 'externalInvoiceDateEnd'>,
): Condition[] {
  return [
    given(query.externalInvoiceDateStart, (date) => sql`external_invoice_date >= ${date}`),
    given(query.externalInvoiceDateEnd, (date) => sql`external_invoice_date < ${date}`),
  ].filter((condition) => condition !== null);
}

function given<T>(value: T | undefined, condition: (value: T) => Condition): Condition | null {
  return value === undefined ? null : condition(value);
}

/** All bills of one account; an account that does not exist has none. */
export const getAllBillsForAccount = defineOperation({
  id: 'GetAllBillsForAccount',
  method: 'GET',
  path: '/bills/accountid/{accountId}',
  summary: 'list the bills of an account',
  tag: 'Bill',
  permission: RETRIEVE,
  query: z.object({ ...billPageParameters(), ...billPartParameters() }),
  response: billResponse(),
  answers: 'page',
  handle: (call) => billsOfAccount(call),
});

type AccountCall = Parameters<typeof billPage>[0] & { readonly params: Record<string, string> };

async function billsOfAccount(call: AccountCall): Promise<Row> {
  const accountId = uuidFromText(call.params['accountId'] ?? '');
  return accountId === null ? { data: [] } : billPage(call, [sql`account_id = ${accountId}`]);
}

/** The bills of one period and frequency, named by the period's last day (spec 40 §4.5). */
export const getAllBillsInBillingPeriod = defineOperation({
  id: 'GetAllBillsInBillingPeriod',
  method: 'GET',
  path: '/bills/billingperiod/{lastDateInBillingPeriod}/{billingFrequency}',
  summary: 'list the bills of a billing period',
  tag: 'Bill',
  permission: RETRIEVE,
  query: z.object({ ...billPageParameters(), ...billPartParameters() }),
  response: billResponse(),
  answers: 'page',
  handle: (call) => billPage(call, periodConditions(call.params)),
});

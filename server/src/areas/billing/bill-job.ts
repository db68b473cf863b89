import { sql } from 'kysely';
import { z } from 'zod';
import {
  assigned,
  date,
  dateTime,
  integer,
  list,
  oneOf,
  optional,
  reference,
  text,
  timezone,
  withDefault,
} from '../../api/fields.ts';
import { enumParameter, flagParameter } from '../../api/filters.ts';
import { defineResource } from '../../api/resource.ts';
import type { EntityOf } from '../../api/resource-spec.ts';
import { BILLED_YEARS, currencyConversions } from './bill-fields.ts';

export const BILL_JOB_STATUSES = ['PENDING', 'INITIALIZING', 'RUNNING', 'COMPLETE', 'CANCELLED'] as const;
/** Nothing happens any more to a job in one of these. */
export const FINAL_STATUSES = ['COMPLETE', 'CANCELLED'] as const;

/** What a create job and a preview say about the bills that they want (spec 40 §8.1). */
export function billJobFields() {
  return {
    accountIds: optional(list(reference('Account'), { min: 1, max: 100 })),
    billingFrequency: optional(oneOf(['DAILY', 'WEEKLY', 'MONTHLY', 'ANNUALLY', 'AD_HOC'])),
    billFrequencyInterval: optional(integer()),
    lastDateInBillingPeriod: optional(date({ years: BILLED_YEARS })),
    billDate: optional(date({ years: BILLED_YEARS })),
    dueDate: optional(date()),
    externalInvoiceDate: optional(date()),
    targetCurrency: optional(text({ min: 3, max: 3 })),
    currencyConversions: withDefault(currencyConversions(250), []),
    timezone: optional(timezone()),
    dayEpoch: optional(date()),
    weekEpoch: optional(date()),
    monthEpoch: optional(date()),
    yearEpoch: optional(date()),
  };
}

/** An order to calculate bills, new ones or again those that exist, in the background (spec 40 §8). */
export const billJob = defineResource({
  name: 'BillJob',
  path: 'billjobs',
  summary: 'a bill job',
  table: 'bill_job',
  permission: 'billing:billjob',
  event: 'billing.billjob',
  maxPageSize: 100,
  fields: {
    ...billJobFields(),
    type: assigned(oneOf(['CREATE', 'RECALCULATE']), 'CREATE'),
    status: assigned(oneOf(BILL_JOB_STATUSES), 'PENDING'),
    total: assigned(integer(), 0),
    recalculatedBillIds: assigned(list(reference('Bill')), null, { hidden: true }),
    pendingAtEnd: assigned(integer(), 0, { hidden: true }),
    scheduledAt: assigned(dateTime(), null, { hidden: true }),
  },
  filters: {
    status: {
      schema: enumParameter(BILL_JOB_STATUSES),
      where: (status: string) => sql`status = ${status}`,
    },
    active: {
      schema: flagParameter(),
      where: (active: boolean) => (active ? sql`status <> all(${[...FINAL_STATUSES]}::text[])` : sql`true`),
    },
  },
  computed: {
    pending: {
      schema: z.int(),
      sql: sql`case when status <> 'RUNNING' then pending_at_end else
        (select count(*) from bill_job_unit u
         where u.org_id = bill_job.org_id and u.bill_job_id = bill_job.id) end`,
    },
    billIds: {
      schema: z.array(z.string()),
      sql: sql`select coalesce(jsonb_agg(distinct bill_id order by bill_id), '[]')
        from bill_job_batch b, unnest(b.bill_ids) bill_id
        where b.org_id = bill_job.org_id and b.bill_job_id = bill_job.id`,
    },
  },
  example: { billingFrequency: 'MONTHLY', lastDateInBillingPeriod: '2024-05-31' },
  except: ['create', 'update', 'delete'],
});

export type BillJob = EntityOf<typeof billJob.fields>;

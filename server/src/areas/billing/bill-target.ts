import type { CreateTarget, RecalculateTarget } from '../../engine/billing/facts.ts';
import type { Conversion } from '../../engine/money/conversion.ts';
import { type Instant, zoneFromText } from '../../kernel/time.ts';
import type { BillJob } from './bill-job.ts';

/** What a job asks the calculation for. Its today is the day of its creation, however late it runs. */
export function targetOfJob(job: BillJob): CreateTarget | RecalculateTarget {
  if (job.type === 'CREATE') return createTarget(job, job.dtCreated);
  return { kind: 'RECALCULATE', now: job.dtCreated, billIds: job.recalculatedBillIds ?? [] };
}

type Wanted = Omit<CreateTarget, 'kind' | 'now' | 'currencyConversions'> & {
  readonly currencyConversions: readonly Conversion[];
};

/** What a create job or a preview says, as the engine takes it; `timezone` becomes a Temporal zone id. */
export function createTarget(wanted: Wanted, now: Instant): CreateTarget {
  return {
    kind: 'CREATE',
    now,
    billingFrequency: wanted.billingFrequency,
    billFrequencyInterval: wanted.billFrequencyInterval,
    lastDateInBillingPeriod: wanted.lastDateInBillingPeriod,
    billDate: wanted.billDate,
    dueDate: wanted.dueDate,
    externalInvoiceDate: wanted.externalInvoiceDate,
    targetCurrency: wanted.targetCurrency,
    currencyConversions: wanted.currencyConversions,
    timezone: wanted.timezone === null ? null : zoneFromText(wanted.timezone),
    dayEpoch: wanted.dayEpoch,
    weekEpoch: wanted.weekEpoch,
    monthEpoch: wanted.monthEpoch,
    yearEpoch: wanted.yearEpoch,
  };
}

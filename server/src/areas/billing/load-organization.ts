import { sql } from 'kysely';
import type { OrganizationFacts } from '../../engine/billing/facts.ts';
import type { BillingSchedule } from '../../engine/calendar/billing-schedule.ts';
import type { CurrencyRule } from '../../engine/money/rounding.ts';
import { present } from '../../kernel/assert.ts';
import type { Decimal } from '../../kernel/decimal.ts';
import { type PlainDate, zoneFromText } from '../../kernel/time.ts';
import type { Reader } from '../../store/database.ts';
import { onOneSession } from '../../store/one-session.ts';
import { currencyRules } from './currency-rules.ts';

/** What all bills of an organization are calculated and written with. */
export type BillingOrganization = {
  readonly orgId: string;
  readonly facts: OrganizationFacts;
  readonly currencies: readonly CurrencyRule[];
  /** Bills that end on or before it are locked (spec 40 §2.2). */
  readonly billLockDate: PlainDate | null;
  readonly suppressedEmptyBills: boolean;
  readonly billPrefix: string | null;
  readonly sequenceStartNumber: number | null;
  /** The timezone as it was configured, for example `GMT+1`. */
  readonly timezoneText: string;
  /** When bills are calculated by themselves; null = never. */
  readonly schedule: BillingSchedule | null;
};

/**
 * Reads the configuration of an organization and its currencies as they are now. `keepLockDate` lets nobody
 * move the lock date until the transaction ends.
 */
export async function loadOrganization(
  db: Reader,
  orgId: string,
  { keepLockDate = false }: { keepLockDate?: boolean } = {},
): Promise<BillingOrganization> {
  const [config, currencies] = await onOneSession(db, (session) =>
    Promise.all([
      sql<BillingOrganization & OrganizationFacts & StoredSchedule>`
        select c.*, b.bill_lock_date from organization_config c
        join bill_config b on b.org_id = c.org_id
        where c.org_id = ${orgId} ${keepLockDate ? sql`for share of b` : sql``}`.execute(session),
      currencyRules(session, orgId),
    ]),
  );
  const row = present(config.rows[0], 'organization_config');
  return {
    orgId,
    facts: { ...row, timezone: zoneFromText(row.timezone) ?? 'UTC' },
    currencies,
    billLockDate: row.billLockDate,
    suppressedEmptyBills: row.suppressedEmptyBills,
    billPrefix: row.billPrefix,
    sequenceStartNumber: row.sequenceStartNumber,
    timezoneText: row.timezone,
    schedule: scheduleOf(row),
  };
}

/** The schedule as it is configured. */
export type StoredSchedule = {
  readonly timezone: string;
  /** Hours; 0 = off. */
  readonly scheduledBillInterval: Decimal;
  readonly scheduledBillOffset: number | null;
};

/** The schedule with its Temporal zone id, null when it is off (spec 40 §7.6). */
export function scheduleOf(config: StoredSchedule): BillingSchedule | null {
  const intervalMinutes = Number.parseInt(config.scheduledBillInterval.times(60).toFixed(), 10);
  if (intervalMinutes === 0) return null;
  const zone = zoneFromText(config.timezone) ?? 'UTC';
  return { intervalMinutes, offsetHours: config.scheduledBillOffset ?? 0, zone };
}

import { sql } from 'kysely';
import { newId } from '../../kernel/ids.ts';
import type { Tx } from '../../store/database.ts';
import { insertEntity, type Writer } from '../../store/entity-store.ts';
import { currency } from './currency.ts';
import { insertCustomFields } from './custom-fields.ts';

/** Makes an organization with USD as its currency and the initial configuration of spec 40 §2.1. */
export async function createOrganization(tx: Tx, writer: Writer, { name }: { name: string }): Promise<void> {
  const now = String(writer.now);
  await sql`insert into organization
    (id, name, short_name, type, status, version, dt_created, dt_last_modified, created_by, last_modified_by)
    values (${writer.orgId}, ${name}, ${name}, 'PRODUCTION', 'ACTIVE', 1, ${now}, ${now},
            ${writer.principalId}, ${writer.principalId})`.execute(tx);
  const dollar = { name: 'USD', code: 'USD', archived: false, maxDecimalPlaces: 2, roundingMode: 'HALF_UP' };
  await insertEntity(tx, currency.entityTable, { writer, values: dollar });
  await sql`insert into organization_config
    (org_id, id, version, dt_created, dt_last_modified, created_by, last_modified_by, timezone,
     year_epoch, month_epoch, week_epoch, day_epoch, currency, currency_conversions, days_before_bill_due,
     scheduled_bill_interval, standing_charge_bill_in_advance, commitment_fee_bill_in_advance,
     minimum_spend_bill_in_advance, consolidate_bills, suppressed_empty_bills, external_invoice_date,
     auto_generate_statement_mode, credit_application_order, allow_overlapping_plans, allow_negative_balances)
    values (${writer.orgId}, ${newId()}, 1, ${now}, ${now}, ${writer.principalId}, ${writer.principalId},
     'UTC',
     '2022-01-01', '2022-01-01', '2022-01-04', '2022-01-01', 'USD', '[]', 1,
     0, false, false, false, false, false, 'FIRST_DAY_OF_NEXT_PERIOD',
     'NONE', '["PREPAYMENT","BALANCE"]', false, false)`.execute(tx);
  await sql`insert into bill_config
    (org_id, id, version, dt_created, dt_last_modified, created_by, last_modified_by)
    values (${writer.orgId}, ${newId()}, 1, ${now}, ${now}, ${writer.principalId}, ${writer.principalId})
  `.execute(tx);
  await insertCustomFields(tx, writer);
}

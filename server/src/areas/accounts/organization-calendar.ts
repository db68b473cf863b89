import { sql } from 'kysely';
import type { EpochTable } from '../../engine/calendar/epoch.ts';
import { present } from '../../kernel/assert.ts';
import { zoneFromText } from '../../kernel/time.ts';
import type { Tx } from '../../store/database.ts';

/** What the moments of schedules are counted by; `text` is another one whenever any of it is. */
export type OrganizationCalendar = {
  /** A Temporal zone id. */
  readonly zone: string;
  readonly epochs: EpochTable;
  readonly text: string;
};

/** The text of the calendar of the row `c` of organization_config. */
export const CALENDAR_TEXT = sql<string>`
  concat_ws(' ', c.timezone, c.day_epoch, c.week_epoch, c.month_epoch, c.year_epoch)`;

/** The zone and the epochs of an organization, and their text, read at once. */
export async function organizationCalendar(tx: Tx, orgId: string): Promise<OrganizationCalendar> {
  const { rows } = await sql<EpochTable & { timezone: string; text: string }>`
    select timezone, day_epoch, week_epoch, month_epoch, year_epoch, ${CALENDAR_TEXT} as text
    from organization_config c where org_id = ${orgId}`.execute(tx);
  const { timezone, text, ...epochs } = present(rows[0], 'organization_config');
  return { zone: zoneFromText(timezone) ?? 'UTC', epochs, text };
}

import { sql } from 'kysely';
import { closeCode } from '../../engine/metering/close-code.ts';
import { compiledMeter, type StoredMeter } from '../../engine/metering/compiled-meter.ts';
import type { EnrichmentSnapshot, KnownAccount } from '../../engine/metering/enrichment.ts';
import type { CustomFields, MeterDefinition } from '../../engine/metering/fields.ts';
import type { Tx } from '../../store/database.ts';
import { organizationCustomFields } from '../organization/index.ts';
import { loadLookupTables } from './lookup-rows.ts';
import type { SubmittedCodes } from './submitted-codes.ts';

/**
 * What enrichment has to know of the organization for measurements with these codes; taken uids are left to
 * the caller.
 */
export async function loadSnapshot(
  tx: Tx,
  orgId: string,
  { meters: meterCodes, accounts: accountCodes }: SubmittedCodes,
): Promise<EnrichmentSnapshot> {
  const codes = [...accountCodes];
  const accounts = await loadAccounts(tx, orgId, codes);
  const unknown = codes.filter((code) => !accounts.has(code));
  const meters = await loadMeters(tx, orgId, [...meterCodes]);
  return {
    meters,
    accounts,
    closelyMatching: await loadCloseCodes(tx, orgId, unknown),
    takenUids: new Set(),
    customFields: { defaults: await loadDefaults(tx, orgId), organization: {} },
    lookupTables: await loadLookupTables(tx, orgId, meters.values()),
  };
}

async function loadMeters(
  tx: Tx,
  orgId: string,
  codes: readonly string[],
): Promise<Map<string, MeterDefinition>> {
  const { rows } = await sql<StoredMeter & { readonly productCustomFields: CustomFields | null }>`
    select m.id, m.code, m.product_id, m.data_fields, m.derived_fields, m.custom_fields,
           p.custom_fields as product_custom_fields
    from meter m left join product p on p.org_id = m.org_id and p.id = m.product_id
    where m.org_id = ${orgId} and m.code = any(${[...codes]}::text[])`.execute(tx);
  const meters = rows.map((row) =>
    compiledMeter({ ...row, productCustomFields: row.productCustomFields ?? {} }),
  );
  return new Map(meters.map((meter) => [meter.code, meter]));
}

async function loadAccounts(
  tx: Tx,
  orgId: string,
  codes: readonly string[],
): Promise<Map<string, KnownAccount>> {
  if (codes.length === 0) return new Map();
  const { rows } = await sql<KnownAccount>`
    select id, code, custom_fields from account
    where org_id = ${orgId} and code = any(${[...codes]}::text[])`.execute(tx);
  return new Map(rows.map((row) => [row.code, row]));
}

/**
 * For codes that are no account's, that of an account that they are easily confused with. The index finds
 * those that are equal but for letter case; the engine's own folding has the last word.
 */
async function loadCloseCodes(tx: Tx, orgId: string, codes: readonly string[]): Promise<Map<string, string>> {
  if (codes.length === 0) return new Map();
  const { rows } = await sql<{ sent: string; known: string }>`
    select sent.code as sent, a.code as known from unnest(${[...codes]}::text[]) as sent (code)
    join account a on a.org_id = ${orgId}
      and lower(upper(a.code collate "und-x-icu")) = lower(upper(sent.code collate "und-x-icu"))
    order by a.code desc`.execute(tx);
  const close = rows.filter(({ sent, known }) => closeCode(sent) === closeCode(known));
  return new Map(close.map(({ sent, known }) => [sent, known]));
}

/** Custom fields at the level of the organization, by entity type. */
async function loadDefaults(tx: Tx, orgId: string): Promise<EnrichmentSnapshot['customFields']['defaults']> {
  const { rows } = await sql<EnrichmentSnapshot['customFields']['defaults']>`
    select * from ${sql.table(organizationCustomFields.table)} where org_id = ${orgId}`.execute(tx);
  return rows[0] ?? {};
}

import { sql } from 'kysely';
import { parseExpression } from '../../engine/expression/parse.ts';
import type {
  CompiledField,
  CustomFields,
  DataField,
  DerivedField,
  MeterDefinition,
} from '../../engine/metering/fields.ts';
import type { Db, Tx } from '../../store/database.ts';

type MeterRow = {
  readonly id: string;
  readonly code: string;
  readonly productId: string | null;
  readonly dataFields: DataField[];
  readonly derivedFields: DerivedField[];
  readonly customFields: CustomFields;
  readonly productCustomFields: CustomFields | null;
};

/** The meters of an organization by code, with their calculations parsed. */
export async function loadMeters(db: Db | Tx, orgId: string): Promise<Map<string, MeterDefinition>> {
  const { rows } = await sql<MeterRow>`
    select m.id, m.code, m.product_id, m.data_fields, m.derived_fields, m.custom_fields,
           p.custom_fields as product_custom_fields
    from meter m left join product p on p.org_id = m.org_id and p.id = m.product_id
    where m.org_id = ${orgId}`.execute(db);
  return new Map(
    rows.map((row) => [
      row.code,
      {
        ...row,
        derivedFields: row.derivedFields.map(compiledField),
        productCustomFields: row.productCustomFields ?? {},
      },
    ]),
  );
}

function compiledField(field: DerivedField): CompiledField {
  const parsed = parseExpression(field.calculation);
  return { ...field, root: parsed.kind === 'expression' ? parsed.root : null };
}

export type KnownAccount = {
  readonly id: string;
  readonly code: string;
  readonly customFields: CustomFields;
};

/** Accounts by exact code. */
export async function loadAccounts(
  db: Db | Tx,
  orgId: string,
  codes: readonly string[],
): Promise<Map<string, KnownAccount>> {
  if (codes.length === 0) return new Map();
  const { rows } = await sql<KnownAccount>`
    select id, code, custom_fields from account
    where org_id = ${orgId} and code = any(${[...codes]}::text[])`.execute(db);
  return new Map(rows.map((row) => [row.code, row]));
}

/**
 * For each of the codes, none of which is an account, a code of an account that it is easily confused with:
 * equal but for letter case (spec 20 §7.7). Codes never begin or end with spaces, so case is all there is.
 */
export async function closelyMatchingCodes(
  db: Db | Tx,
  orgId: string,
  codes: readonly string[],
): Promise<Map<string, string>> {
  if (codes.length === 0) return new Map();
  const { rows } = await sql<{ sent: string; known: string }>`
    select sent.code as sent, min(a.code) as known
    from unnest(${[...codes]}::text[]) as sent (code)
    join account a on a.org_id = ${orgId}
      and lower(upper(a.code collate "und-x-icu")) = lower(upper(sent.code collate "und-x-icu"))
    group by sent.code`.execute(db);
  return new Map(rows.map((row) => [row.sent, row.known]));
}

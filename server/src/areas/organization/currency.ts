import { sql } from 'kysely';
import { IDENT_PATTERN, integer, oneOf, optional } from '../../api/fields.ts';
import { defineResource } from '../../api/resource.ts';
import { ApiError, refusal } from '../../kernel/errors.ts';
import type { Tx } from '../../store/database.ts';
import { picklistFields, picklistFilters, picklistIds } from './picklist.ts';

export const ROUNDING_MODES = [
  'UP',
  'DOWN',
  'CEILING',
  'FLOOR',
  'HALF_UP',
  'HALF_DOWN',
  'HALF_EVEN',
  'UNNECESSARY',
] as const;

/** A currency and how its amounts are rounded (spec 50 §1, 40 §5.8). Without a code its name is the code. */
export const currency = defineResource({
  name: 'Currency',
  path: 'picklists/currency',
  summary: 'a currency',
  table: 'currency',
  permission: 'config:currency',
  event: null,
  maxPageSize: 100,
  fields: {
    ...picklistFields(),
    maxDecimalPlaces: optional(integer({ min: 0, max: 5 })),
    roundingMode: optional(oneOf(ROUNDING_MODES)),
  },
  filters: picklistFilters(),
  example: { name: 'Euro', code: 'EUR', maxDecimalPlaces: 2, roundingMode: 'HALF_UP' },
  ids: { ...picklistIds('Currency'), list: 'ListCurrencies' },
  complete: (values, before) => ({
    ...values,
    code: values.code ?? before?.code ?? codeFromName(values.name),
  }),
  beforeDelete: ({ tx, orgId }, { code }) => codeMustBeUnused(tx, orgId, code ?? ''),
});

/**
 * Currencies are referred to by their codes, so each has one: its name, if that can be a code (spec 50 §1).
 */
function codeFromName(name: string): string {
  if (IDENT_PATTERN.test(name)) return name;
  throw refusal('VALIDATION_FAILED', 'code', 'is required, because the name cannot be a code');
}

/** Tables whose `currency` is the code of one; only some of them may name none that does not exist. */
const REFERRING = [
  'organization_config',
  'account',
  'plan_template',
  'plan_group',
  'commitment',
  'balance',
  'charge',
  'balance_charge_schedule',
  'bill',
];

/** Throws ENTITY_IN_USE with the first entity that names the currency (spec 10 §8, 50 §1). */
async function codeMustBeUnused(tx: Tx, orgId: string, code: string): Promise<void> {
  const uses = REFERRING.map(
    (table) => sql`(select ${table} as type, id from ${sql.table(table)}
      where org_id = ${orgId} and currency = ${code} order by id limit 1)`,
  );
  const { rows } = await sql<{ type: string; id: string }>`${sql.join(uses, sql` union all `)}`.execute(tx);
  const [first] = rows;
  if (first === undefined) return;
  const type = first.type.replaceAll('_', ' ');
  throw new ApiError('ENTITY_IN_USE', `it is still in use by ${type} ${first.id}`);
}

import { sql } from 'kysely';
import { z } from 'zod';
import { fieldFacts } from '../../api/fields.ts';
import { type Filter, type FilterScope, momentParameter, textParameter } from '../../api/filters.ts';
import { uuidFromText } from '../../kernel/ids.ts';
import { type Instant, type PlainDate, startOfDate, Temporal } from '../../kernel/time.ts';
import type { Condition } from '../../store/database.ts';

/** The value of `contractId` that asks for balances without a contract: the empty text. */
const UNLINKED = 'none';

/** The contract that a balance is linked to; empty text, with an account, asks for those linked to none. */
export function contractIdOrNone(): Filter<string> {
  const schema = z
    .unknown()
    .transform((value, context) => {
      if (value === '') return UNLINKED;
      const id = uuidFromText(String(value));
      if (id === null) context.addIssue({ code: 'custom', message: 'must be a UUID or empty' });
      return id;
    })
    .optional();
  fieldFacts.add(schema, { json: { type: 'string' }, optional: true });
  return { schema, where: (id) => (id === UNLINKED ? sql`true` : sql`contract_id = ${id}`) };
}

/** Spec 50 §5.2: without an account, an empty `contractId` filters nothing. */
export function unlinkedOnRequest(query: Readonly<Record<string, unknown>>): readonly Condition[] {
  const { accountId, contractId } = query;
  return accountId !== undefined && contractId === UNLINKED ? [sql`contract_id is null`] : [];
}

/** The contract by its id or its code. */
export function contractNamed(): Filter<string> {
  return {
    schema: textParameter(),
    where: (named) => sql`exists (select from contract c
      where c.org_id = balance.org_id and c.id = balance.contract_id
        and (c.code = ${named} or c.id = ${uuidFromText(named)}::uuid))`,
  };
}

/** The last moment of any use: the end of the rollover where there is one. */
const EFFECTIVE_END = sql`coalesce(rollover_end_date, end_date)`;

export function effectiveEndFrom(): Filter<Instant | PlainDate> {
  return {
    schema: momentParameter(),
    where: (moment, scope) => sql`${EFFECTIVE_END} >= ${instantText(moment, scope)}`,
  };
}

export function effectiveEndBefore(): Filter<Instant | PlainDate> {
  return {
    schema: momentParameter(),
    where: (moment, scope) => sql`${EFFECTIVE_END} < ${instantText(moment, scope)}`,
  };
}

function instantText(moment: Instant | PlainDate, { zone }: FilterScope): string {
  return String(moment instanceof Temporal.PlainDate ? startOfDate(moment, zone) : moment);
}

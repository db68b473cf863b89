import { sql } from 'kysely';
import type { Tx } from '../../store/database.ts';
import type { Writer } from '../../store/entity-store.ts';
import { recordChange } from '../../store/outbox.ts';
import { alertChange, alertDescription, type NewAlert } from '../organization/index.ts';

/** Raises an alert: audit, event and row in one statement (spec 60 §2.2). Answers its id. */
export async function raiseAlert(tx: Tx, writer: Writer, raised: NewAlert): Promise<string> {
  const change = alertChange(writer, raised);
  await recordChange(tx, writer, change);
  return change.entityId;
}

type Counted = {
  readonly dedupeKey: string;
  /** How many times it has happened now. */
  readonly occurrences: number;
  readonly alertOf: (occurrences: number) => NewAlert;
};

/**
 * As `raiseAlert`, but when an alert about the same stands that nobody has dealt with, that one counts on.
 * To be called by one transaction at a time.
 */
export async function raiseOrCount(tx: Tx, writer: Writer, counted: Counted): Promise<void> {
  const { orgId, now, principalId } = writer;
  const { dedupeKey, occurrences, alertOf } = counted;
  const { rows } = await sql<{ id: string; occurrences: number }>`select id, occurrences from alert
    where org_id = ${orgId} and dedupe_key = ${dedupeKey} and status <> 'DONE'
    order by id desc limit 1 for update`.execute(tx);
  const [open] = rows;
  const total = (open?.occurrences ?? 0) + occurrences;
  const id = open?.id ?? (await raiseAlert(tx, writer, alertOf(total)));
  await sql`update alert set dedupe_key = ${dedupeKey}, occurrences = ${total},
      description = ${alertDescription(alertOf(total).description)},
      version = version + ${open ? 1 : 0}, dt_last_modified = ${now},
      last_modified_by = ${principalId}
    where org_id = ${orgId} and id = ${id}`.execute(tx);
}

/** As `raiseAlert`, unless one about the same has been raised before, dealt with or not. */
export async function raiseOnce(
  tx: Tx,
  writer: Writer,
  { dedupeKey, raised }: { readonly dedupeKey: string; readonly raised: NewAlert },
): Promise<void> {
  const { rows } = await sql`select from alert
    where org_id = ${writer.orgId} and dedupe_key = ${dedupeKey}`.execute(tx);
  if (rows.length > 0) return;
  const id = await raiseAlert(tx, writer, raised);
  await sql`update alert set dedupe_key = ${dedupeKey} where org_id = ${writer.orgId} and id = ${id}`.execute(
    tx,
  );
}

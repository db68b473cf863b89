import { sql } from 'kysely';
import { SYSTEM_PRINCIPAL } from '../kernel/ids.ts';
import type { Tx } from './database.ts';
import { prepared } from './value-client.ts';

/** The kind of a principal never changes, and most writes are those of a few. */
const MAX_KNOWN = 10_000;
const known = new Map<string, string>([[SYSTEM_PRINCIPAL, 'SYSTEM']]);

/** Principals as payloads of events name them, with their kind: `USER_<id>`, `SERVICEUSER_<id>`, `SYSTEM`. */
export async function principalNames(
  tx: Tx,
  orgId: string,
  ids: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const names = new Map(ids.map((id) => [id, known.get(id) ?? '']));
  const unknown = ids.filter((id) => !known.has(id));
  if (unknown.length === 0) return names;
  const { rows } = await sql<{ id: string }>`${prepared}select id from service_user
    where org_id = ${orgId} and id = any(${unknown}::uuid[])`.execute(tx);
  const services = new Set(rows.map((row) => row.id));
  for (const id of unknown) {
    const name = `${services.has(id) ? 'SERVICEUSER' : 'USER'}_${id}`;
    names.set(id, name);
    if (known.size < MAX_KNOWN) known.set(id, name);
  }
  return names;
}

/** The codes of those of the accounts that exist. */
export async function accountCodes(
  tx: Tx,
  orgId: string,
  ids: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  if (ids.length === 0) return new Map();
  const { rows } = await sql<{ id: string; code: string }>`${prepared}select id, code from account
    where org_id = ${orgId} and id = any(${ids}::uuid[])`.execute(tx);
  return new Map(rows.map(({ id, code }) => [id, code]));
}

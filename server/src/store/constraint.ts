import { sql } from 'kysely';
import { ApiError, refusal } from '../kernel/errors.ts';
import type { Db } from './database.ts';

const UNIQUE_VIOLATION = '23505';
const FOREIGN_KEY_VIOLATION = '23503';
const CHECK_VIOLATION = '23514';
const OUT_OF_RANGE = '22003';
const SERIALIZATION = new Set(['40001', '40P01']);

type DatabaseError = Error & {
  readonly code: string;
  readonly constraint?: string;
  readonly table?: string;
};

function isDatabaseError(error: unknown): error is DatabaseError {
  return error instanceof Error && typeof (error as { code?: unknown }).code === 'string';
}

/** True when PostgreSQL gave up on a transaction that may simply be run again. */
export function isRetryable(error: unknown): boolean {
  return isDatabaseError(error) && SERIALIZATION.has(error.code);
}

/** True when a row with such a key was there already. */
export function isUniqueViolation(error: unknown): boolean {
  return isDatabaseError(error) && error.code === UNIQUE_VIOLATION;
}

/**
 * Turns a violated constraint into the refusal that its name stands for (spec 10 §9): `<table>_code_key` is
 * DUPLICATE_CODE, other unique keys DUPLICATE, a foreign key REFERENCE_NOT_FOUND on its field. Names of
 * constraints are `<table>_<columns>_{key,fkey,check}`. Anything else is answered unchanged.
 */
export function refusalFromWrite(error: unknown, table: string): unknown {
  if (!isDatabaseError(error)) return error;
  const columns = columnsOf(error.constraint ?? '', table);
  if (error.code === UNIQUE_VIOLATION) {
    const field = columns.at(-1) ?? 'code';
    if (field === 'code') return refusal('DUPLICATE_CODE', 'code', 'is already taken');
    return refusal('DUPLICATE', field, 'is already used in the same combination');
  }
  if (error.code === FOREIGN_KEY_VIOLATION) {
    return refusal('REFERENCE_NOT_FOUND', columns.at(-1) ?? 'id', 'names something that does not exist');
  }
  if (error.code === CHECK_VIOLATION) {
    return refusal('VALIDATION_FAILED', columns.at(-1) ?? table, 'is outside of what is allowed');
  }
  if (error.code === OUT_OF_RANGE) return new ApiError('VALIDATION_FAILED', 'a number is out of range');
  return error;
}

/**
 * `plan_plan_template_id_fkey` of table `plan` names the field planTemplateId; several are joined by `__`.
 */
function columnsOf(constraint: string, table: string): string[] {
  const middle = constraint.replace(`${table}_`, '').replace(/_(?:key|fkey|check)$/, '');
  return middle.split('__').map(camelCase).filter(Boolean);
}

function camelCase(column: string): string {
  return column.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/**
 * A refused delete as ENTITY_IN_USE with the first referring row (spec 10 §8); other errors unchanged. To be
 * called after the transaction has been rolled back.
 */
export async function refusalFromDelete(db: Db, error: unknown, id: string): Promise<unknown> {
  if (!isDatabaseError(error) || error.code !== FOREIGN_KEY_VIOLATION || !error.constraint) return error;
  const owner = await referringTable(db, error.constraint);
  if (!owner) return new ApiError('ENTITY_IN_USE', 'it is still in use');
  const found = await sql<{ id: string }>`
    select id from ${sql.table(owner.table)} where ${sql.ref(owner.column)} = ${id} order by id limit 1
  `.execute(db);
  const first = found.rows[0]?.id ?? '';
  return new ApiError(
    'ENTITY_IN_USE',
    `it is still in use by ${owner.table.replaceAll('_', ' ')} ${first}`.trim(),
  );
}

async function referringTable(db: Db, constraint: string): Promise<{ table: string; column: string } | null> {
  const found = await sql<{ table: string; column: string }>`
    select c.conrelid::regclass::text as table, a.attname::text as column
    from pg_constraint c
    join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[array_length(c.conkey, 1)]
    where c.conname = ${constraint} and c.contype = 'f'
  `.execute(db);
  return found.rows[0] ?? null;
}

import type { Kysely, RawBuilder, Transaction } from 'kysely';

/** A row in API spelling: camelCase names, Decimals, Instants, PlainDates, parsed jsonb. */
export type Row = Record<string, unknown>;

/** Tables are reached by name; the columns of each are typed by the declaration that owns it. */
export type Database = Record<string, Row>;

export type Db = Kysely<Database>;
export type Tx = Transaction<Database>;
/** What statements can be run on: the database, a transaction, or `onOneSession` of either. */
export type Reader = Pick<Db, 'getExecutor'>;
export type Condition = RawBuilder<boolean>;

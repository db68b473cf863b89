import { sql } from 'kysely';
import pg from 'pg';
import { isDecimal } from '../kernel/decimal.ts';
import { writeJsonWithNulls } from '../kernel/json.ts';
import { dateText, instantText, Temporal } from '../kernel/time.ts';
import { type NamedStatement, pipelinedQuery } from './pipelined-query.ts';

/**
 * Begins a statement of a fixed text that finds few rows by key: it is planned once per session. Statements
 * over many rows stay out, because their best plan depends on how many.
 */
export const PREPARED = '/* prepared */ ';
/** The same at the beginning of a template. */
export const prepared = sql.raw(PREPARED);

/**
 * Begins a statement in a transaction whose result nobody reads: it goes out together with the one behind
 * it, which also reports its failure. The last one behind is `commit`. It too is planned once per session, so
 * its best plan must not depend on how many rows it gets.
 */
export const WITH_NEXT = '/* with next */ ';
/** The same at the beginning of a template. */
export const withNext = sql.raw(WITH_NEXT);

/**
 * Begins a COPY from the client of which the same holds. Its only value are Buffers with the rows.
 */
export const COPY_WITH_NEXT = `${WITH_NEXT}copy `;

/** Plans are kept in the memory of each session. */
const MAX_PREPARED = 200;
const NO_RESULT = { command: '', rowCount: 0, rows: [] };

type Statement = { readonly text: string; readonly values: readonly unknown[] };
type Run = (query: unknown) => unknown;

/**
 * A connection that also takes Decimals, Instants, PlainDates and objects that hold them as parameters, and
 * saves waiting: a transaction's begin goes out with its first statement, and what is marked above likewise.
 */
export class ValueClient extends pg.Client {
  readonly #names = new Map<string, string>();
  /** Names that the server knows. */
  readonly #parsed = new Set<string>();
  #held: NamedStatement[] = [];

  // The driver's overloads (text, config, submittable) all end here; ours is text with values, no callback.
  override query(...args: unknown[]): never {
    const [text, values = [], callback] = args;
    const run = super.query.bind(this) as unknown as (...given: unknown[]) => unknown;
    if (typeof text !== 'string' || !Array.isArray(values) || callback !== undefined) {
      const given = Array.isArray(values) ? [text, values.map(parameterFromValue), callback] : args;
      return run(...given) as never;
    }
    return this.#query({ text, values }, run) as never;
  }

  async #query({ text, values }: Statement, run: Run): Promise<unknown> {
    const statement = { ...givenTo(text, values), name: this.#nameOf(text) };
    if (text === 'rollback') this.#held = [];
    if (text === 'begin' || text.startsWith(WITH_NEXT)) {
      this.#held.push(statement);
      return NO_RESULT;
    }
    const held = this.#held.splice(0);
    try {
      if (isSingle(statement) && held.every(({ name = '' }) => this.#parsed.has(name))) {
        return await this.#answer({ ahead: held, statement }, run);
      }
      const results = [...held, statement].map((one) => this.#answer({ ahead: [], statement: one }, run));
      return (await Promise.all(results)).at(-1);
    } catch (error) {
      // In place of the stack that leads to the socket, the one that leads to the caller.
      if (error instanceof Error) Error.captureStackTrace(error);
      throw error;
    }
  }

  #answer({ ahead, statement }: Answerable, run: Run): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const answered = (error: Error | undefined, result: unknown) => {
        if (error) return reject(error);
        if (statement.name !== undefined) this.#parsed.add(statement.name);
        resolve(result);
      };
      run(pipelinedQuery(ahead, statement, answered));
    });
  }

  #nameOf(text: string): string | undefined {
    if (!isPrepared(text)) return undefined;
    if (!this.#names.has(text) && this.#names.size < MAX_PREPARED) {
      this.#names.set(text, `prepared_${this.#names.size}`);
    }
    return this.#names.get(text);
  }
}

type Answerable = { readonly ahead: readonly NamedStatement[]; readonly statement: NamedStatement };

function givenTo(text: string, values: readonly unknown[]): Omit<NamedStatement, 'name'> {
  if (text.startsWith(COPY_WITH_NEXT)) return { text, values: [], copied: values[0] as readonly Buffer[] };
  return { text, values: values.map(parameterFromValue), copied: null };
}

function isPrepared(text: string): boolean {
  return text.startsWith(PREPARED) || text.startsWith(WITH_NEXT) || text === 'begin' || text === 'commit';
}

/** The extended protocol takes one statement at a time; a text without values may hold several. */
function isSingle({ text, values }: NamedStatement): boolean {
  return values.length > 0 || !text.includes(';');
}

/**
 * What the driver can write: amounts as all their digits, instants and dates as ISO text, objects as JSON.
 */
export function parameterFromValue(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  if (isDecimal(value)) return value.toFixed();
  if (value instanceof Temporal.Instant) return instantText(value);
  if (value instanceof Temporal.PlainDate) return dateText(value);
  if (Array.isArray(value)) return value.map(parameterFromValue);
  return writeJsonWithNulls(value);
}

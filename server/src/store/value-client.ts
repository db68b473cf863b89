import pg from 'pg';
import { isDecimal } from '../kernel/decimal.ts';
import { writeJsonWithNulls } from '../kernel/json.ts';
import { instantText, Temporal } from '../kernel/time.ts';

/**
 * Begins a statement of a fixed text that finds few rows by key: it is planned once per session. Statements
 * over many rows stay out, because their best plan depends on how many.
 */
export const PREPARED = '/* prepared */ ';

/**
 * Begins a statement in a transaction whose result nobody reads: it goes out together with the one behind
 * it, which also reports its failure. The last one behind is `commit`.
 */
export const WITH_NEXT = '/* with next */ ';

/** Plans are kept in the memory of each session. */
const MAX_PREPARED = 200;
const NO_RESULT = { command: '', rowCount: 0, rows: [] };

type Statement = { readonly text: string; readonly values: readonly unknown[] };
type Run = (statement: object) => Promise<unknown>;

/**
 * A connection that also takes Decimals, Instants, PlainDates and objects that hold them as parameters, and
 * saves waiting: a transaction's begin goes out with its first statement, and what is marked above likewise.
 */
export class ValueClient extends pg.Client {
  readonly #names = new Map<string, string>();
  #held: Statement[] = [];

  // The driver's overloads (text, config, submittable) all end here; ours is text with values, no callback.
  override query(...args: unknown[]): never {
    const [text, values = [], callback] = args;
    const run = super.query.bind(this) as unknown as (...given: unknown[]) => unknown;
    if (typeof text !== 'string' || !Array.isArray(values) || callback !== undefined) {
      const given = Array.isArray(values) ? [text, values.map(parameterFromValue), callback] : args;
      return run(...given) as never;
    }
    return this.#query({ text, values }, run as Run) as never;
  }

  async #query(statement: Statement, run: Run): Promise<unknown> {
    if (statement.text === 'rollback') this.#held = [];
    if (statement.text === 'begin' || statement.text.startsWith(WITH_NEXT)) {
      this.#held.push(statement);
      return NO_RESULT;
    }
    const statements = [...this.#held.splice(0), statement];
    const { stream } = (this as unknown as { readonly connection: { readonly stream: Corkable } }).connection;
    stream.cork();
    const results = statements.map((one) => run(this.#config(one)));
    process.nextTick(() => stream.uncork());
    return (await Promise.all(results)).at(-1);
  }

  #config({ text, values }: Statement): object {
    const config = { text, values: values.map(parameterFromValue) };
    const name = text.startsWith(PREPARED) || text.startsWith(WITH_NEXT) ? this.#nameOf(text) : undefined;
    return name === undefined ? config : { ...config, name };
  }

  #nameOf(text: string): string | undefined {
    if (!this.#names.has(text) && this.#names.size < MAX_PREPARED) {
      this.#names.set(text, `prepared_${this.#names.size}`);
    }
    return this.#names.get(text);
  }
}

type Corkable = { cork(): void; uncork(): void };

/**
 * What the driver can write: amounts as all their digits, instants and dates as ISO text, objects as JSON.
 */
export function parameterFromValue(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  if (isDecimal(value)) return value.toFixed();
  if (value instanceof Temporal.Instant) return instantText(value);
  if (value instanceof Temporal.PlainDate) return value.toString();
  if (Array.isArray(value)) return value.map(parameterFromValue);
  return writeJsonWithNulls(value);
}

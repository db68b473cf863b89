import { parseError } from '@clickhouse/client';
import type { Session } from 'chdb';
import { clickhouseName, clickhouseString, settingLiteral } from './clickhouse-literals.ts';

/** One statement for the engine, with what holds for it alone. */
export type Statement = {
  readonly sql: string;
  readonly database: string;
  readonly settings?: Readonly<Record<string, unknown>> | undefined;
  /** In the text form of `parameterText`. */
  readonly parameters?: Readonly<Record<string, string>> | undefined;
};

/** Rows in a text format, whose bytes go to the engine as they are. */
export type RawInsert = {
  readonly table: string;
  readonly columns: readonly string[] | undefined;
  readonly format: 'TabSeparated' | 'JSONEachRow' | 'JSONCompactEachRow';
  readonly values: Uint8Array;
  readonly database: string;
  readonly settings?: Readonly<Record<string, unknown>> | undefined;
};

/**
 * A session runs one statement after the other and keeps the settings of the last one. Three let queries
 * overlap and leave one of libuv's four threads to everything else.
 */
const SESSIONS = 3;

/** Settings of the HTTP interface that the engine does not know. */
const HTTP_SETTINGS: ReadonlySet<string> = new Set([
  'wait_end_of_query',
  'send_progress_in_http_headers',
  'http_headers_progress_interval_ms',
  'default_format',
]);

type OpenSession = { session: Session; database: string; settings: ReadonlyMap<string, string> };

/**
 * ClickHouse inside of this process (chDB) with the files of one folder. chDB's own connection sends settings
 * as `SET`, which then hold for whatever runs next in the shared session, such as another insert's
 * deduplication token, and it runs one query at a time. This one owns a few sessions and gives each statement
 * one for itself.
 */
export class EmbeddedClickHouse {
  readonly #open: () => Session;
  readonly #idle: OpenSession[];
  readonly #waiting: ((session: OpenSession) => void)[] = [];
  #running = 0;
  #closed = false;
  #drained: () => void = () => {};

  private constructor(open: () => Session) {
    this.#open = open;
    this.#idle = Array.from({ length: SESSIONS }, () => freshSession(open));
  }

  /** Loads the engine only here: an installation with an own ClickHouse never does. */
  static async open(path: string): Promise<EmbeddedClickHouse> {
    const { Session: EngineSession } = await import('chdb');
    return new EmbeddedClickHouse(() => new EngineSession(path));
  }

  /** Runs a statement and answers its output. Throws `ClickHouseError` as the client does over HTTP. */
  async run(statement: Statement): Promise<Uint8Array> {
    return this.#withSession(async (held) => {
      const settings = wantedSettings(statement);
      const result = await held.session.queryAsync(`${preamble(held, statement, settings)}${statement.sql}`);
      held.database = statement.database;
      held.settings = settings;
      return result.bytes();
    });
  }

  /** As an INSERT with its rows behind it, but without making one text of them. */
  async insert({ table, columns, format, values, database, settings }: RawInsert): Promise<void> {
    await this.#withSession(async (held) => {
      const reset = preamble(held, { sql: '', database: held.database }, new Map());
      if (reset !== '') await held.session.queryAsync(reset);
      held.settings = new Map();
      await held.session.insert({
        table: `${database}.${table}`,
        ...(columns && { columns: [...columns] }),
        settings: Object.fromEntries(givenSettings(settings)) as Record<string, string>,
        format,
        values,
      });
    });
  }

  async #withSession<T>(work: (held: OpenSession) => Promise<T>): Promise<T> {
    if (this.#closed) throw new Error('the embedded ClickHouse is closed');
    const held = await this.#take();
    try {
      return await work(held);
    } catch (error) {
      // Which part of the preamble came into force is unknown, so the session is not used again.
      held.session.close();
      Object.assign(held, freshSession(this.#open));
      throw parseError(error instanceof Error ? error : String(error));
    } finally {
      this.#give(held);
    }
  }

  /** Lets the running statements end and closes the files. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#running > 0) {
      await new Promise<void>((resolve) => {
        this.#drained = resolve;
      });
    }
    for (const { session } of this.#idle) session.close();
  }

  async #take(): Promise<OpenSession> {
    this.#running++;
    const idle = this.#idle.pop();
    return idle ?? new Promise((resolve) => this.#waiting.push(resolve));
  }

  #give(session: OpenSession): void {
    this.#running--;
    const next = this.#waiting.shift();
    if (next) next(session);
    else this.#idle.push(session);
    if (this.#running === 0) this.#drained();
  }
}

function freshSession(open: () => Session): OpenSession {
  return { session: open(), database: 'default', settings: new Map() };
}

function wantedSettings({ settings }: Statement): ReadonlyMap<string, string> {
  return new Map(givenSettings(settings).map(([name, value]) => [name, settingLiteral(value)]));
}

function givenSettings(settings: Readonly<Record<string, unknown>> = {}): readonly [string, unknown][] {
  return Object.entries(settings).filter(([name, value]) => value !== undefined && !HTTP_SETTINGS.has(name));
}

/** The statements that bring a session from the state of its last statement to the one that is wanted. */
function preamble(held: OpenSession, wanted: Statement, settings: ReadonlyMap<string, string>): string {
  const changes = [
    ...[...held.settings.keys()].filter((name) => !settings.has(name)).map((name) => `${name} = DEFAULT`),
    ...[...settings]
      .filter(([name, value]) => held.settings.get(name) !== value)
      .map((pair) => pair.join(' = ')),
    ...Object.entries(wanted.parameters ?? {}).map(
      ([name, text]) => `param_${name} = ${clickhouseString(text)}`,
    ),
  ];
  const use = held.database === wanted.database ? '' : `USE ${clickhouseName(wanted.database)}; `;
  return changes.length === 0 ? use : `${use}SET ${changes.join(', ')}; `;
}

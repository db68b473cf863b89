import pg from 'pg';
import utils from 'pg/lib/utils.js';

/** A statement with values that the driver can write; one with a name is parsed once per session. */
export type NamedStatement = {
  readonly text: string;
  readonly values: unknown[];
  readonly name: string | undefined;
};

/** The part of the driver's connection that speaks the extended protocol. */
type Wire = {
  bind(message: {
    readonly statement: string | undefined;
    readonly values: readonly unknown[];
    readonly valueMapper: (value: unknown) => unknown;
  }): void;
  execute(message: object): void;
};

type DriverQuery = {
  prepare(wire: Wire): void;
  handleDataRow(message: unknown): void;
  handleCommandComplete(message: unknown, wire: Wire): void;
};

const driverQuery = pg.Query.prototype as unknown as DriverQuery;

/**
 * A query of the driver with statements ahead of it that the session has parsed before and whose results
 * nobody reads. All go out together and are answered together, where the driver alone would have the server
 * answer each; what follows a statement that fails is not run.
 */
export class Pipeline extends pg.Query implements DriverQuery {
  readonly #ahead: readonly NamedStatement[];
  #unanswered: number;

  constructor(
    ahead: readonly NamedStatement[],
    { text, values, name }: NamedStatement,
    callback: (error: Error | undefined, result: unknown) => void,
  ) {
    super(text, values, callback);
    this.#ahead = ahead;
    this.#unanswered = ahead.length;
    Object.assign(this, { name, ...(ahead.length > 0 && { queryMode: 'extended' }) });
  }

  prepare(wire: Wire): void {
    for (const { name: statement, values } of this.#ahead) {
      wire.bind({ statement, values, valueMapper: utils.prepareValue });
      wire.execute({});
    }
    driverQuery.prepare.call(this, wire);
  }

  handleDataRow(message: unknown): void {
    if (this.#unanswered === 0) driverQuery.handleDataRow.call(this, message);
  }

  handleCommandComplete(message: unknown, wire: Wire): void {
    if (this.#unanswered === 0) driverQuery.handleCommandComplete.call(this, message, wire);
    else this.#unanswered -= 1;
  }
}

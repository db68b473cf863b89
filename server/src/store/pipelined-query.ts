import pg from 'pg';

/** A statement with values that the driver can write; one with a name is parsed once per session. */
export type NamedStatement = {
  readonly text: string;
  readonly values: unknown[];
  readonly name: string | undefined;
};

/** The part of the driver's connection that speaks the extended protocol. */
type Wire = {
  readonly parsedStatements: object;
  readonly submittedNamedStatements: object;
  bind(message: object): void;
  close(message: object): void;
  describe(message: object): void;
  execute(message: object): void;
  sync(): void;
};

/** What the driver's queries do with it. */
type DriverQuery = {
  prepare(wire: Wire): void;
  handleDataRow(message: unknown): void;
  handleCommandComplete(message: unknown, wire: Wire): void;
};

type Answered = (error: Error | undefined, result: unknown) => void;

const driverQuery = pg.Query.prototype as unknown as DriverQuery;

/**
 * A query of the driver with statements ahead of it that the session has parsed before and whose results
 * nobody reads. All go out together and are answered together, where the driver alone would have the server
 * answer each; what follows a statement that fails is not run.
 */
export function pipelinedQuery(
  ahead: readonly NamedStatement[],
  statement: NamedStatement,
  answered: Answered,
): pg.Query {
  const query = namedQuery(statement, answered);
  if (ahead.length === 0) return query;
  let unanswered = ahead.length;
  const own: DriverQuery = {
    prepare: (wire) => {
      for (const one of ahead) driverQuery.prepare.call(namedQuery(one, answered), quietly(wire));
      driverQuery.prepare.call(query, wire);
    },
    handleDataRow: (message) => {
      if (unanswered === 0) driverQuery.handleDataRow.call(query, message);
    },
    handleCommandComplete: (message, wire) => {
      if (unanswered === 0) driverQuery.handleCommandComplete.call(query, message, wire);
      else unanswered -= 1;
    },
  };
  return Object.assign(query, own, { queryMode: 'extended' });
}

/** A configuration in place of the text would be copied property by property. */
function namedQuery({ text, values, name }: NamedStatement, answered: Answered): pg.Query {
  return Object.assign(new pg.Query(text, values, answered), { name });
}

const quiet = new WeakMap<Wire, Wire>();

/** The same connection for statements that the server neither describes nor answers one by one. */
function quietly(wire: Wire): Wire {
  const known = quiet.get(wire);
  if (known) return known;
  const made = {
    parsedStatements: wire.parsedStatements,
    submittedNamedStatements: wire.submittedNamedStatements,
    bind: (message: object) => wire.bind(message),
    close: (message: object) => wire.close(message),
    execute: (message: object) => wire.execute(message),
    describe: () => {},
    sync: () => {},
  };
  quiet.set(wire, made);
  return made;
}

import pg from 'pg';

/** A statement with values that the driver can write; one with a name is parsed once per session. */
export type NamedStatement = {
  readonly text: string;
  readonly values: unknown[];
  readonly name: string | undefined;
  /** Rows that a COPY reads from us; null for another statement. */
  readonly copied: readonly Buffer[] | null;
};

/** The part of the driver's connection that speaks the extended protocol. */
type Wire = {
  readonly parsedStatements: object;
  readonly submittedNamedStatements: object;
  parse(message: object): void;
  bind(message: object): void;
  close(message: object): void;
  describe(message: object): void;
  execute(message: object): void;
  sync(): void;
  endCopyFrom(): void;
  readonly stream: { write(bytes: Buffer): void };
};

/** What the driver's queries do with it. */
type DriverQuery = {
  prepare(wire: Wire): void;
  handleDataRow(message: unknown): void;
  handleCommandComplete(message: unknown, wire: Wire): void;
  handleCopyInResponse(): void;
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
  const { prepare } = query;
  if (ahead.length === 0) return query;
  let unanswered = ahead.length;
  const own: DriverQuery = {
    prepare: (wire) => {
      for (const one of ahead) namedQuery(one, answered).prepare(quietly(wire));
      prepare.call(query, wire);
    },
    handleDataRow: (message) => {
      if (unanswered === 0) driverQuery.handleDataRow.call(query, message);
    },
    handleCommandComplete: (message, wire) => {
      if (unanswered === 0) driverQuery.handleCommandComplete.call(query, message, wire);
      else unanswered -= 1;
    },
    handleCopyInResponse: sendNothing,
  };
  return Object.assign(query, own, { queryMode: 'extended' });
}

/** A configuration in place of the text would be copied property by property. */
function namedQuery({ text, values, name, copied }: NamedStatement, answered: Answered) {
  const query = Object.assign(new pg.Query(text, values, answered) as pg.Query & DriverQuery, { name });
  if (copied === null) return query;
  return Object.assign(query, {
    queryMode: 'extended',
    prepare: (wire: Wire) => driverQuery.prepare.call(query, copying(wire, copied)),
    handleCopyInResponse: sendNothing,
  });
}

/** The server asks for what it has been sent. */
function sendNothing(): void {}

/** The same connection for statements that the server neither describes nor answers one by one. */
function quietly(wire: Wire): Wire {
  return { ...throughTo(wire), describe: () => {}, sync: () => {} };
}

/** The same connection for a COPY: its rows go out behind it, in front of whatever comes next. */
function copying(wire: Wire, rows: readonly Buffer[]): Wire {
  const execute = (message: object) => {
    wire.execute(message);
    // As the driver's own method does, but for copying the rows once more.
    for (const text of rows) {
      wire.stream.write(messageHead(text.length));
      wire.stream.write(text);
    }
    wire.endCopyFrom();
  };
  return { ...throughTo(wire), execute };
}

function throughTo(wire: Wire): Wire {
  return {
    parsedStatements: wire.parsedStatements,
    submittedNamedStatements: wire.submittedNamedStatements,
    parse: (message) => wire.parse(message),
    bind: (message) => wire.bind(message),
    close: (message) => wire.close(message),
    describe: (message) => wire.describe(message),
    execute: (message) => wire.execute(message),
    sync: () => wire.sync(),
    endCopyFrom: () => wire.endCopyFrom(),
    stream: wire.stream,
  };
}

const COPY_DATA = 'd'.charCodeAt(0);

/** The kind of the message and its length, which counts itself. */
function messageHead(length: number): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(COPY_DATA);
  head.writeInt32BE(length + 4, 1);
  return head;
}

// Spec 20 §11.6: a custom SQL query, taken apart and written again so that it can reach nothing but its rows.
import { decimal } from '../../kernel/decimal.ts';
import { withExactCalls } from './custom-sql-calls.ts';
import { type SqlRefusal, type SqlToken, sqlTokens } from './custom-sql-tokens.ts';
import {
  BARE_SQL_TYPES,
  FORBIDDEN_WORDS,
  INTERVAL_UNITS,
  SQL_FUNCTIONS,
  SQL_KEYWORDS,
  SQL_TYPES,
} from './custom-sql-words.ts';

/** A query that may be run. */
export type CustomSql = {
  /** Its text over the rows of a subquery whose columns are the `customSqlName` of those below. */
  readonly sql: (source: string) => string;
  /** Columns that it names, so that the others need not be made. */
  readonly columns: ReadonlySet<string>;
};

/** The only table of a query. */
const TABLE = 'measurements';

/** Columns of every meter; one column per field comes on top. */
export const MEASUREMENT_COLUMNS = [
  'uid',
  'ts',
  'ets',
  'received_at',
  'account_id',
  'account_code',
  'meter_id',
] as const;

const MAX_NESTING = 30;

/**
 * Every name of the user, in back quotes under a prefix that nothing in the database has: a name that no part
 * of the query gives a meaning to is unknown to ClickHouse too, whatever it is the name of.
 */
export function customSqlName(name: string): string {
  return `\`u_${name}\``;
}

/**
 * Reads a query over `measurements`, whose columns are MEASUREMENT_COLUMNS and the fields of the meter. Each
 * of its words must be known: keywords and functions from fixed lists, columns, names that it gives itself.
 * It is then written again from its tokens, texts and numbers included, so nothing of its spelling gets
 * through. Fractions become exact decimals, and so do calls that would answer floats. Answers why a query is
 * refused.
 */
export function customSqlFrom(text: string, fieldCodes: readonly string[]): CustomSql | SqlRefusal {
  const tokens = sqlTokens(text);
  if ('refused' in tokens) return tokens;
  const known = new Set([...MEASUREMENT_COLUMNS, ...fieldCodes]);
  const reading: Reading = { tokens, columns: known, given: givenNames(tokens), used: new Set() };
  const refused = shapeFault(tokens) ?? firstFault(reading);
  if (refused !== null) return { refused };
  const written = withExactCalls(writtenWords(reading));
  if ('refused' in written) return written;
  return { sql: (source) => withSource(written, source), columns: reading.used };
}

type Reading = {
  readonly tokens: readonly SqlToken[];
  readonly columns: ReadonlySet<string>;
  readonly given: ReadonlySet<string>;
  readonly used: Set<string>;
};

function wordAt(tokens: readonly SqlToken[], at: number): string {
  const token = tokens[at];
  return token?.kind === 'word' ? token.text.toLowerCase() : '';
}

function isSymbol(tokens: readonly SqlToken[], at: number, text: string): boolean {
  return tokens[at]?.kind === 'symbol' && tokens[at]?.text === text;
}

function isName(tokens: readonly SqlToken[], at: number): boolean {
  const token = tokens[at];
  if (token?.kind === 'quoted') return true;
  const word = wordAt(tokens, at);
  return word !== '' && !SQL_KEYWORDS.has(word) && !FORBIDDEN_WORDS.has(word);
}

/** Names that the query gives: behind `as`, before `as (`, and behind a table or a query in brackets. */
function givenNames(tokens: readonly SqlToken[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (let at = 0; at < tokens.length; at += 1) {
    if (!isName(tokens, at)) continue;
    const before = wordAt(tokens, at - 1);
    const isNamedQuery = wordAt(tokens, at + 1) === 'as' && isSymbol(tokens, at + 2, '(');
    const isAlias = before === 'as' || ['from', 'join'].includes(wordAt(tokens, at - 2));
    const isQueryAlias = isSymbol(tokens, at - 1, ')') && !isSymbol(tokens, at + 1, '(');
    if (isNamedQuery || isAlias || isQueryAlias) names.add(tokens[at]?.text ?? '');
  }
  return names;
}

function shapeFault(tokens: readonly SqlToken[]): string | null {
  const first = wordAt(tokens, 0);
  if (first !== 'select' && first !== 'with') return 'must be a SELECT';
  let depth = 0;
  for (let at = 0; at < tokens.length; at += 1) {
    if (isSymbol(tokens, at, '(')) depth += 1;
    if (isSymbol(tokens, at, ')')) depth -= 1;
    if (depth < 0 || depth > MAX_NESTING) return 'has brackets that do not match or nest too deep';
  }
  if (depth !== 0) return 'has brackets that do not match';
  return tokens.some((_, at) => wordAt(tokens, at) === TABLE) ? null : `must read from ${TABLE}`;
}

function firstFault(reading: Reading): string | null {
  for (let at = 0; at < reading.tokens.length; ) {
    const clause = clauseAt(reading.tokens, at);
    const fault = clause === null ? tokenFault(reading, at) : null;
    if (fault !== null) return fault;
    at += clause?.length ?? 1;
  }
  return null;
}

function tokenFault(reading: Reading, at: number): string | null {
  const { tokens } = reading;
  const token = tokens[at];
  if (token?.kind !== 'word' && token?.kind !== 'quoted') return null;
  const word = wordAt(tokens, at);
  if (isSetOperation(tokens, at)) return null;
  if (FORBIDDEN_WORDS.has(word) && !isKnownFunction(tokens, at)) return `must not use ${token.text}`;
  if (word === 'from' || word === 'join') return sourceFault(reading, at + 1);
  if (SQL_KEYWORDS.has(word) || isType(tokens, at) || isUnit(tokens, at)) return null;
  if (isSymbol(tokens, at + 1, '(') && !reading.given.has(token.text)) {
    return isKnownFunction(tokens, at) ? null : `must not call ${token.text}`;
  }
  const isKnown = reading.columns.has(token.text) || reading.given.has(token.text) || token.text === TABLE;
  return isKnown ? null : `names ${token.text}, which is neither a field of the meter nor named in the query`;
}

/**
 * Behind FROM and JOIN: the table, a named query, or one in brackets. Behind the FROM of `extract` stands no
 * source but a value.
 */
function sourceFault({ tokens, given }: Reading, at: number): string | null {
  if (isSymbol(tokens, at, '(') || isPart(tokens, at - 2)) return null;
  const name = tokens[at]?.text ?? '';
  const isTable = name === TABLE || given.has(name);
  if (isTable && isName(tokens, at) && !isSymbol(tokens, at + 1, '(')) return null;
  return `must read from ${TABLE} only`;
}

function isKnownFunction(tokens: readonly SqlToken[], at: number): boolean {
  const word = wordAt(tokens, at);
  return isSymbol(tokens, at + 1, '(') && (SQL_FUNCTIONS.has(word) || word === 'extract');
}

function isType(tokens: readonly SqlToken[], at: number): boolean {
  const isBehind =
    isSymbol(tokens, at - 1, '::') || (wordAt(tokens, at - 1) === 'as' && isInCast(tokens, at));
  return isBehind && SQL_TYPES.has(wordAt(tokens, at));
}

/** Whether the nearest open bracket before is that of a `cast`. */
function isInCast(tokens: readonly SqlToken[], at: number): boolean {
  let depth = 0;
  for (let i = at - 1; i > 0; i -= 1) {
    if (isSymbol(tokens, i, ')')) depth += 1;
    if (isSymbol(tokens, i, '(')) depth -= 1;
    if (depth < 0) return wordAt(tokens, i - 1) === 'cast';
  }
  return false;
}

/** What `extract(day from ts)` takes of the moment. */
function isPart(tokens: readonly SqlToken[], at: number): boolean {
  const word = wordAt(tokens, at);
  const inExtract = isSymbol(tokens, at - 1, '(') && wordAt(tokens, at - 2) === 'extract';
  return inExtract && (INTERVAL_UNITS.has(word) || word === 'epoch');
}

/** `interval 1 day`, `extract(day from ts)`. */
function isUnit(tokens: readonly SqlToken[], at: number): boolean {
  const isOfInterval = wordAt(tokens, at - 2) === 'interval' && INTERVAL_UNITS.has(wordAt(tokens, at));
  return isOfInterval || isPart(tokens, at);
}

/** `except` and `intersect` between queries; behind `*` the first leaves out columns. */
function isSetOperation(tokens: readonly SqlToken[], at: number): boolean {
  if (!['except', 'intersect'].includes(wordAt(tokens, at))) return false;
  const behind = ['all', 'distinct'].includes(wordAt(tokens, at + 1)) ? at + 2 : at + 1;
  const select = isSymbol(tokens, behind, '(') ? behind + 1 : behind;
  return wordAt(tokens, select) === 'select' && !isSymbol(tokens, at - 1, '*');
}

/** Tokens that are written as a whole. */
type Clause = { readonly length: number; readonly sql: string };

function clauseAt(tokens: readonly SqlToken[], at: number): Clause | null {
  return literalAt(tokens, at) ?? limitAt(tokens, at);
}

/** `timestamp '2024-01-01 10:00:00'`, `date '2024-01-01'`: in UTC unless the text says otherwise. */
function literalAt(tokens: readonly SqlToken[], at: number): Clause | null {
  const word = wordAt(tokens, at);
  const text = tokens[at + 1];
  if ((word !== 'timestamp' && word !== 'date') || text?.kind !== 'text') return null;
  const moment = `parseDateTime64BestEffort(${textSql(text.text)}, 3, 'UTC')`;
  return { length: 2, sql: word === 'date' ? `toDate32(${moment})` : moment };
}

/** `offset 2 rows fetch first 3 rows only`, which ClickHouse takes with an order only. */
function limitAt(tokens: readonly SqlToken[], at: number): Clause | null {
  const isRow = (place: number) => ['row', 'rows'].includes(wordAt(tokens, place));
  const numberAt = (place: number) => (tokens[place]?.kind === 'number' ? tokens[place].text : null);
  const offset = wordAt(tokens, at) === 'offset' && isRow(at + 2) ? numberAt(at + 1) : null;
  const start = offset === null ? at : at + 3;
  const count = numberAt(start + 2);
  const rows = start + (count === null ? 2 : 3);
  const isFetch = wordAt(tokens, start) === 'fetch' && ['first', 'next'].includes(wordAt(tokens, start + 1));
  if (!isFetch || !isRow(rows) || wordAt(tokens, rows + 1) !== 'only') return null;
  const limit = `limit ${numberSql(count ?? '1')}`;
  return {
    length: rows + 2 - at,
    sql: offset === null ? limit : `${limit} offset ${numberSql(offset)}`,
  };
}

function writtenWords(reading: Reading): readonly string[] {
  const words: string[] = [];
  for (let at = 0; at < reading.tokens.length; ) {
    const clause = clauseAt(reading.tokens, at);
    words.push(clause?.sql ?? writtenToken(reading, at));
    at += clause?.length ?? 1;
  }
  return words;
}

function writtenToken({ tokens, columns, used }: Reading, at: number): string {
  const { kind, text } = tokens[at] ?? { kind: 'symbol', text: '' };
  const word = wordAt(tokens, at);
  if (kind === 'symbol') return text;
  if (kind === 'text') return textSql(text);
  if (kind === 'number') return numberSql(text);
  if (word === 'union' || isSetOperation(tokens, at)) return setOperationSql(tokens, at);
  if (isType(tokens, at)) return typeSql(tokens, at);
  if (isUnit(tokens, at)) return word;
  if (isKnownFunction(tokens, at)) return SQL_FUNCTIONS.get(word) ?? word;
  if (SQL_KEYWORDS.has(word)) return word;
  if (columns.has(text)) used.add(text);
  return customSqlName(text);
}

function textSql(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

/** ClickHouse keeps equal rows unless it is told not to. */
function setOperationSql(tokens: readonly SqlToken[], at: number): string {
  const word = wordAt(tokens, at);
  return ['all', 'distinct'].includes(wordAt(tokens, at + 1)) ? word : `${word} distinct`;
}

function typeSql(tokens: readonly SqlToken[], at: number): string {
  const word = wordAt(tokens, at);
  const bare = isSymbol(tokens, at + 1, '(') ? undefined : BARE_SQL_TYPES.get(word);
  return bare ?? SQL_TYPES.get(word) ?? '';
}

const SAFE_DIGITS = 18;
const MAX_SCALE = 34;

/** A whole number as it is, anything else as a decimal of its own digits. */
function numberSql(text: string): string {
  const value = decimal(text);
  const plain = value.toFixed();
  const scale = Math.min(value.decimalPlaces(), MAX_SCALE);
  return scale === 0 && plain.length <= SAFE_DIGITS ? plain : `toDecimal256('${plain}', ${scale})`;
}

/** The table comes first; the query's own named queries follow it. */
function withSource(written: readonly string[], rows: string): string {
  const [first, ...rest] = written;
  const source = `with ${customSqlName(TABLE)} as (${rows})`;
  return first === 'with' ? `${source}, ${rest.join(' ')}` : `${source} ${written.join(' ')}`;
}

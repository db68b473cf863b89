/** A quoted string of ClickHouse SQL. */
export function clickhouseString(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

/** A quoted name of ClickHouse SQL. */
export function clickhouseName(name: string): string {
  return `\`${name.replaceAll('\\', '\\\\').replaceAll('`', '\\`')}\``;
}

/** The value of a setting as SQL: settings are texts, numbers or booleans. */
export function settingLiteral(value: unknown): string {
  if (typeof value === 'boolean') return value ? '1' : '0';
  return typeof value === 'number' || typeof value === 'bigint'
    ? String(value)
    : clickhouseString(String(value));
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['\t', '\\t'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ["'", "\\'"],
  ['\\', '\\\\'],
]);

function escaped(text: string): string {
  return text.replaceAll(/[\t\n\r'\\]/g, (character) => ESCAPES.get(character) ?? character);
}

/**
 * The value of a query parameter in the form that the server's `param_…` takes: the client's own, over HTTP.
 */
export function parameterText(value: unknown): string {
  if (value === null || value === undefined) return '\\N';
  if (typeof value === 'boolean') return value ? '1' : '0';
  return typeof value === 'string' ? escaped(value) : nestedText(value);
}

function nestedText(value: unknown): string {
  if (value === null || value === undefined) return 'NULL';
  if (typeof value === 'boolean') return value ? 'TRUE' : 'FALSE';
  if (typeof value === 'string') return `'${escaped(value)}'`;
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  if (Array.isArray(value)) return `[${value.map(nestedText).join(',')}]`;
  if (typeof value === 'object') return mapText(value instanceof Map ? value : Object.entries(value));
  throw new TypeError(`a ${typeof value} cannot be a query parameter`);
}

function mapText(entries: Iterable<readonly [unknown, unknown]>): string {
  const pairs = Array.from(entries, ([key, value]) => `${nestedText(key)}:${nestedText(value)}`);
  return `{${pairs.join(',')}}`;
}

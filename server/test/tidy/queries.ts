import {
  ancestorsOf,
  type Finding,
  isNode,
  nameOf,
  type Position,
  type Rule,
  type SourceFile,
} from './source.ts';

/** Tables whose rows belong to no organization, or whose keys and queues run across all of them. */
const SHARED_TABLES = [
  'organization',
  'person',
  'signing_key',
  'oidc_record',
  'measurement_batch',
  'measurement_uid',
  'measurement_group_failure',
  'schema_migration',
  'graphile_worker',
  'information_schema',
];

const STATEMENT = /^\s*(?:select|insert into|update \w+(?: \w+)? set|delete from|with \w+ as|alter table)\b/i;
const TABLE = /\b(?:from|into|update|join)\s+(?!set\b|skip\b|nowait\b)([a-z_]+)\b(?!\s*\()/gi;
const NAMED_QUERY = /\b([a-z_]+)\s+as\s+(?:materialized\s+)?\(/gi;
const BUILDERS = ['selectFrom', 'updateTable', 'deleteFrom', 'insertInto'];

export const queryRules: readonly Rule[] = [{ name: 'organization in queries', find: openQueries }];

/**
 * A query on a table of the organizations must name the organization: the function or constant around it
 * mentions `org_id` or `orgId`. The check is on the text: it finds what was forgotten, not what is wrong.
 */
function openQueries(file: SourceFile): Finding[] {
  if (!/^server\/src\/(?:areas|store|jobs|api)\//.test(file.path) || file.isTest) return [];
  return file.positions
    .filter((position) => !/org_?id/i.test(statementAround(position, file)))
    .flatMap((position) => tablesOf(position).map((table) => ({ position, table })))
    .filter(({ table }) => !isShared(table))
    .map(({ position, table }) => ({
      at: position.node.start,
      message: `${table} without its organization`,
    }));
}

function isShared(table: string): boolean {
  return SHARED_TABLES.includes(table) || table.startsWith('pg_');
}

/** The text of the statement of the file that holds the position. */
function statementAround(position: Position, file: SourceFile): string {
  const top = ancestorsOf(position).at(-2)?.node ?? position.node;
  return file.text.slice(top.start, top.end);
}

/** The tables that a piece of SQL, or a call of the query builder, names. */
function tablesOf({ node }: Position): string[] {
  if (node.type === 'CallExpression') return builtTables(node);
  const text = sqlOf(node);
  if (text === null || !STATEMENT.test(text)) return [];
  const named = namesIn(text, NAMED_QUERY);
  return namesIn(text, TABLE).filter((table) => !named.includes(table));
}

function namesIn(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map((match) => match[1] ?? '');
}

function builtTables(call: Position['node']): string[] {
  const callee = call['callee'];
  if (!isNode(callee) || !BUILDERS.includes(nameOf(callee['property']) ?? '')) return [];
  const first = (call['arguments'] as readonly unknown[])[0];
  const table = isNode(first) ? first['value'] : null;
  return typeof table === 'string' ? [table.replace(/ as .*/, '')] : [];
}

/** The text of a string or a template, with its values left out. */
function sqlOf(node: Position['node']): string | null {
  if (node.type === 'Literal') return typeof node['value'] === 'string' ? node['value'] : null;
  if (node.type !== 'TemplateLiteral') return null;
  const parts = node['quasis'] as readonly { readonly value: { readonly raw: string } }[];
  return parts.map((part) => part.value.raw).join(' ? ');
}

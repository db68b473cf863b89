import { sql } from 'kysely';
import { z } from 'zod';
import { deleteOwned } from '../../api/delete-owned.ts';
import { answerOf } from '../../api/entity-writes.ts';
import { withEnvelope } from '../../api/envelope.ts';
import { code, customFields, name, optional } from '../../api/fields.ts';
import { anyCode, codesParameter } from '../../api/filters.ts';
import type { Call, Operation } from '../../api/operation.ts';
import { type AnyResource, defineResource } from '../../api/resource.ts';
import type { CheckScope } from '../../api/resource-spec.ts';
import { parseExpression } from '../../engine/expression/parse.ts';
import { lookupTablesOf } from '../../engine/expression/walk.ts';
import { ApiError } from '../../kernel/errors.ts';
import type { Row } from '../../store/database.ts';
import { lookupTableRevision, type StoredRevision } from './lookup-table-revision.ts';

function declaredTable() {
  return defineResource({
    name: 'LookupTable',
    path: 'lookuptables',
    summary: 'a lookup table',
    table: 'lookup_table',
    permission: 'config:lookuptable',
    event: null,
    maxPageSize: 200,
    ids: { list: 'ListLookupTable' },
    fields: { name: name(), code: code(), customFields: customFields() },
    filters: {
      codes: anyCode('code'),
      additional: { schema: codesParameter(), where: () => sql`true` },
    },
    // Filled in by the operations below when it is asked for.
    computed: {
      activeRevision: { schema: optional(withEnvelope(lookupTableRevision.response)), sql: sql`null` },
    },
    example: { name: 'Exchange rates', code: 'fx' },
    beforeDelete: async (scope, before) => {
      await refuseWhileNamed(scope, before);
      await deleteOwned(lookupTableRevision, scope, sql`lookup_table_id = ${before.id}`);
    },
  });
}

const declared = declaredTable();

/** Rows by key that calculations of derived fields read (spec 20 §15.1). */
export const lookupTable: AnyResource = {
  ...declared,
  operations: declared.operations.map(withActiveRevision),
};

/** List and get answer the PUBLISHED revision with `additional=activeRevision`. */
function withActiveRevision(operation: Operation): Operation {
  if (operation.method !== 'GET') return operation;
  return {
    ...operation,
    query: operation.query ?? z.object({ additional: codesParameter() }),
    handle: async (call) => {
      const answer = (await operation.handle(call)) as Row;
      const wanted = call.query['additional'] as readonly string[] | undefined;
      if (!wanted?.includes('activeRevision')) return answer;
      if (operation.answers !== 'page') return (await activated(call, [answer]))[0];
      return { ...answer, data: await activated(call, answer['data'] as Row[]) };
    },
  };
}

type AnyRequest = Call<Record<string, string>, Record<string, unknown>, unknown>;

async function activated({ ctx, orgId }: AnyRequest, tables: readonly Row[]): Promise<Row[]> {
  const ids = tables.map((table) => table['id'] as string);
  const { itemCount } = lookupTableRevision.entityTable.computed;
  const { rows } = await sql<StoredRevision>`
    select lookup_table_revision.*, (${itemCount}) as item_count from lookup_table_revision
    where org_id = ${orgId} and lookup_table_id = any(${ids}::uuid[]) and status = 'PUBLISHED'`.execute(
    ctx.db,
  );
  const byTable = new Map(rows.map((row) => [row.lookupTableId, answerOf(lookupTableRevision, row)]));
  return tables.map((table) => ({ ...table, activeRevision: byTable.get(table['id'] as string) ?? null }));
}

type MeterCalculations = {
  readonly id: string;
  readonly derivedFields: readonly { readonly calculation: string }[];
};

async function refuseWhileNamed(scope: CheckScope, table: { readonly code: string }): Promise<void> {
  const { rows } = await sql<MeterCalculations>`
    select id, derived_fields from meter
    where org_id = ${scope.orgId} and derived_fields::text like '%Lookup.%' order by id`.execute(scope.tx);
  const user = rows.find(({ derivedFields }) =>
    derivedFields.some(({ calculation }) => tablesIn(calculation).includes(table.code)),
  );
  if (user) throw new ApiError('ENTITY_IN_USE', `it is still in use by meter ${user.id}`);
}

function tablesIn(calculation: string): readonly string[] {
  const parsed = parseExpression(calculation);
  return parsed.kind === 'expression' ? lookupTablesOf(parsed.root) : [];
}

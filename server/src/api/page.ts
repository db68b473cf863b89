import type { Condition, Row } from '../store/database.ts';
import { pageOfEntities } from '../store/entity-store.ts';
import { answerOf } from './entity-writes.ts';
import { integerParameter, textParameter } from './filters.ts';
import { allowedConditions } from './item-permission.ts';
import type { AnyCall, Call } from './operation.ts';
import { nextTokenOf, positionFromToken } from './paging.ts';
import type { Declared, EntityOf, Fields } from './resource-spec.ts';

export function pageParameters(maxPageSize: number) {
  return { pageSize: integerParameter({ min: 1, max: maxPageSize }), nextToken: textParameter() };
}

/** One page of a resource's entities under conditions: `{ data, nextToken? }` (spec 10 §7). */
export async function pageOf<F extends Fields>(
  resource: Declared<F>,
  call: ListCall,
  conditions: readonly Condition[],
): Promise<Row> {
  const retrieve = { action: 'config:retrieve', resource: resource.permission };
  const { table, itemColumn: column = 'id' } = resource;
  const allowed = allowedConditions(call, retrieve, { table, column });
  const page = await entityPage(resource, call, [...conditions, ...allowed]);
  return { ...page, data: page.data.map((entity) => answerOf(resource, entity)) };
}

type ListCall = Call<Record<string, string>, Record<string, unknown>, unknown>;
type EntityPage<F extends Fields> = { readonly data: readonly EntityOf<F>[]; readonly nextToken?: string };

/** The entities of a page as they are stored, for operations whose permission covers all of them. */
export async function entityPage<F extends Fields>(
  resource: Declared<F>,
  call: ListCall,
  conditions: readonly Condition[],
): Promise<EntityPage<F>> {
  const { pageSize, nextToken } = call.query as { pageSize?: number; nextToken?: string };
  const size = pageSize ?? resource.maxPageSize;
  const list = listIdentityOf(call);
  const signer = { secretKey: call.ctx.secretKey, now: call.ctx.clock.now() };
  const position = nextToken === undefined ? null : positionFromToken(nextToken, list, signer);
  const after = position ? { dtCreated: position[0] ?? '', id: position[1] ?? '' } : null;
  const rows = await pageOfEntities(call.ctx.db, resource.tableAt(signer.now), {
    orgId: call.orgId,
    conditions,
    size,
    after,
  });
  const last = rows.length > size ? rows[size - 1] : undefined;
  const data = rows.slice(0, size) as unknown as EntityOf<F>[];
  if (!last) return { data };
  return { data, nextToken: nextTokenOf([String(last.dtCreated), last.id], list, signer) };
}

/** What binds a token to its list: organization, path and filters as sent. */
export function listIdentityOf(call: Pick<AnyCall, 'orgId' | 'request'>) {
  const path = call.request.url.split('?')[0]?.replace(/\/$/, '') ?? '';
  return { orgId: call.orgId, path, filters: call.request.query as Record<string, unknown> };
}

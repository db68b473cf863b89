import { answerOf, changeOf, writerOf } from '../../api/entity-writes.ts';
import type { AnyCall } from '../../api/operation.ts';
import type { EntityOf, Fields, Resource, Values } from '../../api/resource-spec.ts';
import { ApiError } from '../../kernel/errors.ts';
import type { Row } from '../../store/database.ts';
import { lockEntity, replaceEntity } from '../../store/entity-store.ts';
import { recordChange } from '../../store/outbox.ts';
import { inTransaction } from '../../store/transaction.ts';

/**
 * Changes single fields of an entity outside of a PUT, which counts its version up (spec 10 §4), and answers
 * it. An entity that has the values already is left as it is. Throws NOT_FOUND.
 */
export async function amendEntity<F extends Fields>(
  resource: Resource<F>,
  call: AnyCall,
  { id, valuesOf }: { id: string; valuesOf: (before: EntityOf<F>) => Partial<Values<F>> },
): Promise<Row> {
  const table = resource.entityTable;
  const writer = writerOf(call);
  return inTransaction(call.ctx.db, async (tx) => {
    const stored = await lockEntity(tx, table, { orgId: call.orgId, id });
    if (!stored) throw new ApiError('NOT_FOUND', `there is no ${resource.name} with this id`);
    const before = stored as unknown as EntityOf<F>;
    const values = valuesOf(before);
    const changes = Object.entries(values).some(([name, value]) => stored[name] !== value);
    if (!changes) return answerOf(resource, before);
    const replaced = await replaceEntity(tx, table, { writer, id, values: { ...stored, ...values } });
    const after = replaced as unknown as EntityOf<F>;
    await recordChange(tx, writer, changeOf(resource, call, { before, after }));
    return answerOf(resource, after);
  });
}

import { answerOf } from '../../api/entity-writes.ts';
import type { AnyResource } from '../../api/resource.ts';
import type { AnySingleton } from '../../api/singleton.ts';
import type { Context } from '../../context.ts';
import { ApiError } from '../../kernel/errors.ts';
import type { Row } from '../../store/database.ts';
import { findEntity } from '../../store/entity-store.ts';
import { storedBillAnswer } from '../billing/index.ts';

type Key = { readonly orgId: string; readonly id: string };

/** An entity type whose dates can schedule events. */
export type ScheduledEntity = {
  readonly table: string;
  /** The name of its events without the verb. */
  readonly event: string;
  /** The entity as its events show it now; null when there is none any more. */
  currentState(ctx: Context, key: Key): Promise<Row | null>;
};

type Declaration = Omit<AnyResource, 'operations'>;

/** The entity types of all resources and documents that raise events, and bills. */
export function scheduledEntities(
  resources: readonly Declaration[],
  singletons: readonly AnySingleton[],
): readonly ScheduledEntity[] {
  return [...resources.flatMap(ofResource), ...singletons.flatMap(ofSingleton), BILL];
}

function ofResource(resource: Declaration): readonly ScheduledEntity[] {
  if (resource.event === null) return [];
  const currentState = async (ctx: Context, key: Key) => {
    const found = await findEntity(ctx.db, resource.tableAt(ctx.clock.now()), key);
    return found && answerOf(resource, found);
  };
  return [{ table: resource.table, event: resource.event, currentState }];
}

function ofSingleton({ table, event, entityTable }: AnySingleton): readonly ScheduledEntity[] {
  if (event === null) return [];
  return [{ table, event, currentState: (ctx, key) => findEntity(ctx.db, entityTable, key) }];
}

/** A bill with more lines leaves them out of its events (spec 60 §1.4). */
const MAX_LINES_IN_EVENT = 100;

const BILL: ScheduledEntity = {
  table: 'bill',
  event: 'billing.bill',
  currentState: async (ctx, { orgId, id }) => {
    try {
      const { lineItems, ...bill } = await storedBillAnswer({ ctx, orgId }, id);
      return (lineItems as readonly unknown[]).length <= MAX_LINES_IN_EVENT ? { ...bill, lineItems } : bill;
    } catch (error) {
      if (error instanceof ApiError && error.code === 'NOT_FOUND') return null;
      throw error;
    }
  },
};

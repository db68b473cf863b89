import { sql } from 'kysely';
import { answerOf } from '../../api/entity-writes.ts';
import type { Context } from '../../context.ts';
import { ApiError } from '../../kernel/errors.ts';
import { writeJson } from '../../kernel/json.ts';
import type { Instant } from '../../kernel/time.ts';
import type { Row } from '../../store/database.ts';
import { orderedEntities } from '../../store/entity-store.ts';
import { storedBillAnswer } from '../billing/index.ts';
import { externalMapping } from './external-mapping.ts';
import type { StoredRun } from './integration-run.ts';

/** A larger body is not sent (spec 60 §5.2). */
const MAX_BYTES = 1_048_576;

/**
 * What a run sends to a webhook, as JSON (spec 60 §5.2); null when there is nothing to send any more, or it
 * is too large. Bills are read now, so that no attempt sends an old state.
 */
export async function runBody(ctx: Context, run: StoredRun, sentAt: Instant): Promise<string | null> {
  const head = { id: run.id, orgId: run.orgId, type: run.entityType, sentAt };
  if (run.entityType !== 'Bill') return withinSize({ ...head, ...run.source });
  const bill = await currentBill(ctx, run);
  if (bill === null) return null;
  const rest = {
    account: await accountOf(ctx, run.orgId, String(bill['accountId'])),
    externalMappings: await mappingsAround(ctx, run, bill),
  };
  const { lineItems: _, ...withoutLines } = bill;
  return (
    withinSize({ ...head, bill, ...rest }) ??
    withinSize({ ...head, bill: withoutLines, ...rest, truncated: true })
  );
}

function withinSize(body: Row): string | null {
  const text = writeJson(body);
  return Buffer.byteLength(text) <= MAX_BYTES ? text : null;
}

async function currentBill(ctx: Context, { orgId, entityId }: StoredRun): Promise<Row | null> {
  try {
    return await storedBillAnswer({ ctx, orgId }, entityId);
  } catch (error) {
    if (error instanceof ApiError && error.code === 'NOT_FOUND') return null;
    throw error;
  }
}

async function accountOf(ctx: Context, orgId: string, id: string): Promise<Row> {
  const { rows } = await sql<Row>`select id, code, name, currency, purchase_order_number, custom_fields
    from account where org_id = ${orgId} and id = ${id}`.execute(ctx.db);
  return rows[0] ?? { id };
}

const MAX_MAPPINGS = 1_000;

/** What other systems know account, products and bill by: mappings of the configuration, or of none. */
async function mappingsAround(ctx: Context, run: StoredRun, bill: Row): Promise<readonly Row[]> {
  const lines = bill['lineItems'] as readonly Row[];
  const products = lines.map((line) => line['productId']).filter((id) => typeof id === 'string');
  const ids = [run.entityId, bill['accountId'], ...new Set(products)];
  const found = await orderedEntities(ctx.db, externalMapping.entityTable, {
    orgId: run.orgId,
    conditions: [
      sql`m3ter_id = any(${ids}::text[])`,
      sql`(integration_config_id is null or integration_config_id = ${run.integrationConfigId})`,
    ],
    order: sql`m3ter_entity, m3ter_id, external_system, external_table, integration_config_id nulls last`,
    limit: MAX_MAPPINGS,
  });
  return preferred(found.map((mapping) => answerOf(externalMapping, mapping as never)));
}

/** Of a mapping of the configuration and one of none about the same, the former. */
function preferred(mappings: readonly Row[]): readonly Row[] {
  const seen = new Set<string>();
  return mappings.filter((mapping) => {
    const names = ['m3terEntity', 'm3terId', 'externalSystem', 'externalTable'].map((name) => mapping[name]);
    const key = JSON.stringify(names);
    return !seen.has(key) && seen.add(key);
  });
}

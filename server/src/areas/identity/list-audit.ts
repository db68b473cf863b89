import { type RawBuilder, sql } from 'kysely';
import { z } from 'zod';
import { dateTime, freeObject, oneOf, optional, reference, text } from '../../api/fields.ts';
import { momentParameter, textParameter, uuidParameter } from '../../api/filters.ts';
import { allowedRows } from '../../api/item-permission.ts';
import { type Call, defineOperation } from '../../api/operation.ts';
import { organizationZone } from '../../api/organization-zone.ts';
import { listIdentityOf, pageParameters } from '../../api/page.ts';
import { nextTokenOf, positionFromToken } from '../../api/paging.ts';
import { startOfDate, Temporal } from '../../kernel/time.ts';
import type { Condition, Row } from '../../store/database.ts';

const MAX_PAGE_SIZE = 100;

const query = z.object({
  entityType: textParameter(),
  entityId: uuidParameter(),
  principalId: uuidParameter(),
  startDate: momentParameter(),
  endDate: momentParameter(),
  ...pageParameters(MAX_PAGE_SIZE),
});

const response = z.object({
  dtCreated: dateTime(),
  principalId: reference('Principal'),
  ip: optional(text()),
  requestId: optional(text()),
  entityType: text(),
  entityId: reference('Entity'),
  action: oneOf(['created', 'updated', 'deleted']),
  before: optional(freeObject()),
  after: optional(freeObject()),
});

const permission = { action: 'audit:retrieve', resource: 'audit:event' };

type AuditCall = Call<Record<string, string>, z.output<typeof query>, unknown>;

/** Who wrote what, latest first; `startDate` is included, `endDate` is not (spec 10 §22). */
export const listAudit = defineOperation({
  id: 'ListAuditEntries',
  method: 'GET',
  path: '/audit',
  summary: 'list the audit log',
  tag: 'AuditEntry',
  permission,
  query,
  response,
  answers: 'page',
  handle: async (call) => {
    const { pageSize: size = MAX_PAGE_SIZE, nextToken } = call.query;
    const list = listIdentityOf(call);
    const signer = { secretKey: call.ctx.secretKey, now: call.ctx.clock.now() };
    const conditions = await conditionsOf(call);
    if (nextToken !== undefined) {
      const [dtCreated, id] = positionFromToken(nextToken, list, signer);
      conditions.push(sql`(dt_created, id) < (${dtCreated}::timestamptz, ${id}::uuid)`);
    }
    const { rows } = await sql<Row & { id: string }>`
      select id, dt_created, principal_id, ip, request_id, entity_type, entity_id, action, before, after
      from audit_entry where org_id = ${call.orgId} and ${sql.join(conditions, sql` and `)}
      order by dt_created desc, id desc limit ${size + 1}`.execute(call.ctx.db);
    const data = rows.slice(0, size);
    const last = rows.length > size ? rows[size - 1] : undefined;
    if (!last) return { data };
    return { data, nextToken: nextTokenOf([String(last['dtCreated']), last.id], list, signer) };
  },
});

async function conditionsOf(call: AuditCall): Promise<Condition[]> {
  const { entityType, entityId, principalId, startDate, endDate } = call.query;
  const isDated = [startDate, endDate].some((moment) => moment instanceof Temporal.PlainDate);
  const zone = isDated ? await organizationZone(call.ctx.db, call.orgId) : 'UTC';
  const at = (moment: NonNullable<typeof startDate>) =>
    String(moment instanceof Temporal.PlainDate ? startOfDate(moment, zone) : moment);
  const given: (RawBuilder<boolean> | null)[] = [
    sql`true`,
    allowedRows(call, permission, { table: 'audit_entry' }),
    entityType === undefined ? null : sql`entity_type = ${entityType}`,
    entityId === undefined ? null : sql`entity_id = ${entityId}`,
    principalId === undefined ? null : sql`principal_id = ${principalId}`,
    startDate === undefined ? null : sql`dt_created >= ${at(startDate)}`,
    endDate === undefined ? null : sql`dt_created < ${at(endDate)}`,
  ];
  return given.filter((condition) => condition !== null);
}

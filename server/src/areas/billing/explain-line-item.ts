import { z } from 'zod';
import { freeObject, list, optional, text } from '../../api/fields.ts';
import { enumParameter } from '../../api/filters.ts';
import { type AnyCall, defineOperation } from '../../api/operation.ts';
import { listIdentityOf, pageParameters } from '../../api/page.ts';
import { nextTokenOf, positionFromToken } from '../../api/paging.ts';
import { idOf } from '../../api/resource.ts';
import { ApiError, refusal } from '../../kernel/errors.ts';
import type { Row } from '../../store/database.ts';
import type { LineRow } from './bill-rows.ts';
import { type Explained, explainedBill } from './explain-facts.ts';
import { lineExplanation } from './explain-line.ts';
import {
  MEASUREMENT_LISTS,
  type MeasurementList,
  type MeasurementPage,
  measurementPage,
} from './explain-measurements.ts';

const MAX_MEASUREMENTS = 100;

const page = z.object({ data: list(freeObject()), nextToken: optional(text()) });

/**
 * Our own extension: how a line of a bill came about, with the measurements that it counts, those that came
 * after the calculation and those that were rejected. `list` names one of the three to page through.
 */
export const explainBillLineItem = defineOperation({
  id: 'ExplainBillLineItem',
  method: 'GET',
  path: '/bills/{billId}/lineitems/{id}/explain',
  summary: 'explain a line item of a bill',
  tag: 'Bill',
  permission: { action: 'config:retrieve', resource: 'billing:lineitem' },
  query: z.object({ ...pageParameters(MAX_MEASUREMENTS), list: enumParameter(MEASUREMENT_LISTS) }),
  response: z.object({
    billId: text(),
    line: freeObject(),
    counted: optional(page),
    late: optional(page),
    rejected: optional(page),
  }),
  answers: 'whole',
  handle: async (call) => {
    const explained = await explainedBill(call.ctx, call.orgId, idOf(call.params, 'billId'));
    const line = explained.lines.find((row) => row.id === idOf(call.params));
    if (line === undefined) throw new ApiError('NOT_FOUND', 'there is no such line item on this bill');
    const asking = { call, explained, line };
    const { list: wanted, nextToken } = call.query;
    if (nextToken !== undefined && wanted === undefined) {
      throw refusal('VALIDATION_FAILED', 'list', 'is required with nextToken');
    }
    const names = wanted === undefined ? MEASUREMENT_LISTS : [wanted];
    const pages = await Promise.all(names.map(async (name) => [KEYS[name], await listed(asking, name)]));
    const shown = lineExplanation(explained, line);
    return { billId: explained.bill.id, line: shown, ...Object.fromEntries(pages) };
  },
});

const KEYS = { COUNTED: 'counted', LATE: 'late', REJECTED: 'rejected' } as const;

type LineCall = Pick<AnyCall, 'ctx' | 'orgId' | 'request'> & {
  readonly query: { readonly pageSize?: number | undefined; readonly nextToken?: string | undefined };
};
type Asking = { readonly call: LineCall; readonly explained: Explained; readonly line: LineRow };

async function listed({ call, explained, line }: Asking, name: MeasurementList): Promise<Row> {
  const { pageSize: limit = MAX_MEASUREMENTS, nextToken } = call.query;
  const identity = { ...listIdentityOf(call), filters: { list: name } };
  const signer = { secretKey: call.ctx.secretKey, now: call.ctx.clock.now() };
  const after = nextToken === undefined ? null : positionFromToken(nextToken, identity, signer);
  const found: MeasurementPage = await measurementPage(call.ctx, { explained, line }, { name, after, limit });
  if (found.next === null) return { data: found.data };
  return { data: found.data, nextToken: nextTokenOf(found.next, identity, signer) };
}

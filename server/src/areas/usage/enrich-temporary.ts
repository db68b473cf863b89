import { isNumericCategory } from '../../engine/metering/fields.ts';
import { submittedDecimal } from '../../engine/metering/submitted-measurement.ts';
export function enrich({ m, meter, account, batch, position, insertId, uid }: any): any {
  const measures: any[] = [], dimensions: any[] = [];
  for (const f of meter.dataFields) {
    const v = m[f.category.toLowerCase()]?.[f.code];
    if (isNumericCategory(f.category)) measures.push([f.code, submittedDecimal(v)]);
    else dimensions.push([f.code, v]);
  }
  return { orgId: batch.orgId, meterId: meter.id, accountId: account.id, tsMs: m.tsMs, etsMs: m.etsMs, receivedMicros: String(batch.receivedAt.epochNanoseconds / 1000n), uid, insertId, batchId: batch.id, position, source: batch.source, measures, dimensions, failedFields: [], undeclared: '' };
}

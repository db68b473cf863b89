import { z } from 'zod';
import { writerOf } from '../../api/entity-writes.ts';
import { dateTime, optional, reference } from '../../api/fields.ts';
import { defineOperation } from '../../api/operation.ts';
import { refusal } from '../../kernel/errors.ts';
import { type Instant, isBefore, type PlainDate, Temporal } from '../../kernel/time.ts';
import { inTransaction } from '../../store/transaction.ts';
import { type Content, checkedContent, contentFields } from './export-fields.ts';
import { inUtc } from './export-job.ts';
import { requestOf } from './export-request.ts';
import { destinationsMustExist, startExport } from './start-export.ts';

/** `POST dataexports/adhoc`: one export, now (spec 60 §8.5). */
export const triggerExport = defineOperation({
  id: 'TriggerDataExport',
  method: 'POST',
  path: '/dataexports/adhoc',
  summary: 'start an export',
  tag: 'DataExport',
  permission: { action: 'config:create', resource: 'config:exportschedule' },
  body: z.object({ ...contentFields(), startDate: optional(dateTime()), endDate: optional(dateTime()) }),
  response: z.object({ jobId: reference('ExportJob') }),
  answers: 'whole',
  handle: async (call) => {
    const { ctx, orgId } = call;
    const body = call.body();
    const writer = writerOf(call);
    const span = { start: placed(body.startDate), end: placed(body.endDate) };
    spanMustFit(body, span, writer.now);
    const jobId = await inTransaction(ctx.db, async (tx) => {
      const content = await checkedContent(tx, orgId, body as Content);
      await destinationsMustExist(tx, orgId, content.destinationIds);
      const request = requestOf(content, { ...span, name: null });
      return startExport(tx, writer, { scheduleId: null, sourceType: content.sourceType, request });
    });
    return { jobId };
  },
});

/** Bare dates mean midnight in UTC here (spec 60 §8). */
function placed(moment: Instant | PlainDate | null): Instant | null {
  return moment === null ? null : Temporal.Instant.from(inUtc(moment));
}

type SpanSent = { readonly start: Instant | null; readonly end: Instant | null };

/** Usage needs a span that is in order and ends at the end of today (UTC) at the latest (spec 60 §8.5). */
function spanMustFit(
  { sourceType }: Pick<Content, 'sourceType'>,
  { start, end }: SpanSent,
  now: Instant,
): void {
  if (sourceType === 'OPERATIONAL') return;
  if (start === null) throw refusal('VALIDATION_FAILED', 'startDate', 'is required');
  if (end === null) throw refusal('VALIDATION_FAILED', 'endDate', 'is required');
  if (!isBefore(start, end)) throw refusal('VALIDATION_FAILED', 'endDate', 'must be later than startDate');
  const tomorrow = now.toZonedDateTimeISO('UTC').startOfDay().add({ days: 1 }).toInstant();
  if (isBefore(tomorrow, end))
    throw refusal('VALIDATION_FAILED', 'endDate', 'must not be later than tomorrow');
}

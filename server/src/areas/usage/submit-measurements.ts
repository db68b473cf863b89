import { z } from 'zod';
import { fieldsRefused } from '../../api/body.ts';
import { dateTime, freeObject, list, oneOf, optional, text } from '../../api/fields.ts';
import { defineOperation } from '../../api/operation.ts';
import { checkSubmission } from '../../engine/metering/check-submission.ts';
import { acceptBatch } from './measurement-inbox.ts';
import { submissionFromText } from './submission-json.ts';

/** For the reference only: the hot path checks bodies with `checkSubmission` instead (spec 20 §7.3). */
const measurement = z.object({
  uid: optional(text({ max: 50 })),
  meter: text({ max: 80 }),
  account: text({ max: 80 }),
  ts: dateTime(),
  ets: optional(dateTime()),
  who: optional(freeObject()),
  what: optional(freeObject()),
  where: optional(freeObject()),
  other: optional(freeObject()),
  metadata: optional(freeObject()),
  measure: optional(freeObject()),
  cost: optional(freeObject()),
  income: optional(freeObject()),
});

/**
 * `POST /measurements`: accepts up to 1,000 measurements; they are durable before the answer (spec 20
 * §7.1-7.3).
 */
export const submitMeasurements = defineOperation({
  id: 'SubmitMeasurements',
  method: 'POST',
  path: '/measurements',
  summary: 'submit measurements',
  tag: 'Measurements',
  permission: { action: 'measurements:upload', resource: 'measurements:measurement' },
  body: z.object({ measurements: list(measurement, { min: 1, max: 1000 }) }),
  response: z.object({ result: oneOf(['accepted']) }),
  answers: 'whole',
  handle: async ({ ctx, orgId, request }) => {
    const body = typeof request.body === 'string' ? request.body : '';
    const receivedAt = ctx.clock.now();
    const check = checkSubmission(submissionFromText(body), receivedAt);
    if (check.kind === 'refused') throw fieldsRefused(check.errors);
    const measurementCount = check.measurements.length;
    await acceptBatch(ctx, { orgId, receivedAt, source: 'API', body, measurementCount });
    return { result: 'accepted' };
  },
});

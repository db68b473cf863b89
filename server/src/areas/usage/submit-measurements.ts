import { z } from 'zod';
import { dateTime, freeObject, list, oneOf, optional, text } from '../../api/fields.ts';
import { defineOperation } from '../../api/operation.ts';
import { acceptSubmission } from './accept-submission.ts';

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
    await acceptSubmission(ctx, orgId, typeof request.body === 'string' ? request.body : '');
    return { result: 'accepted' };
  },
});

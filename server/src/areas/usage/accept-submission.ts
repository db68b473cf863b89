import { fieldsRefused } from '../../api/body.ts';
import type { Context } from '../../context.ts';
import { checkSubmission } from '../../engine/metering/check-submission.ts';
import { acceptBatch } from './measurement-inbox.ts';
import { parsedSubmission } from './submission-json.ts';
import { codesAmong } from './submitted-codes.ts';

/**
 * Checks the text of a submission and makes it durable, inside the transaction when `ctx.db` is one: when
 * this resolves, its measurements are accepted (spec 20 §7.2). Throws MALFORMED_JSON and VALIDATION_FAILED.
 */
export async function acceptSubmission(ctx: Context, orgId: string, text: string): Promise<void> {
  const receivedAt = ctx.clock.now();
  const { body, isPlain } = parsedSubmission(text);
  const check = checkSubmission(body, receivedAt);
  if (check.kind === 'refused') throw fieldsRefused(check.errors);
  await acceptBatch(ctx, {
    ...{ orgId, receivedAt, source: 'API', body: text },
    measurementCount: check.measurements.length,
    codes: isPlain ? codesAmong(check.measurements) : null,
  });
}

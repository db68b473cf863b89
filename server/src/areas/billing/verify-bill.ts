import { z } from 'zod';
import { dateTime, flag, integer, list, oneOf, optional, text } from '../../api/fields.ts';
import { defineOperation } from '../../api/operation.ts';
import { idOf } from '../../api/resource.ts';
import type { BillIdentity } from '../../engine/billing/bill.ts';
import { ENGINE_VERSION } from '../../engine/version.ts';
import type { Row } from '../../store/database.ts';
import { keptBillFacts } from './bill-manifest.ts';
import { linesOfBills } from './bill-rows.ts';
import { roundingPoint, roundingPointsOf } from './explain-rounding.ts';
import { existingBill } from './get-bill.ts';
import { repeatedBill } from './verify-calculation.ts';
import { billDifferences } from './verify-differences.ts';
import { type AnsweredQuestion, today } from './verify-today.ts';

function sameOrChanged() {
  return oneOf(['SAME', 'CHANGED']);
}

const difference = z.object({
  lineKey: optional(text()),
  lineItemType: optional(text()),
  description: optional(text()),
  field: text(),
  stored: optional(text()),
  recalculated: optional(text()),
});

const question = z.object({
  aggregationId: text(),
  accountIds: list(text()),
  start: dateTime(),
  end: dateTime(),
  digest: text(),
  digestToday: text(),
  isSame: flag(),
});

/**
 * Our own extension: calculates a bill again from the facts that were kept with it, by the calculation of
 * this release, and says what is different. It also says whether today's configuration and measurements
 * would be the same. Nothing is changed.
 */
export const verifyBill = defineOperation({
  id: 'VerifyBill',
  method: 'POST',
  path: '/bills/{billId}/verify',
  summary: 'recalculate a bill from its stored facts and compare',
  tag: 'Bill',
  permission: { action: 'config:retrieve', resource: 'billing:bill' },
  response: z.object({
    billId: text(),
    result: oneOf(['identical', 'different']),
    reason: optional(text()),
    differences: list(difference),
    manifest: z.object({
      engineVersion: text(),
      calculatedAt: dateTime(),
      configurationDigest: text(),
      accountDigest: text(),
      factsDigest: text(),
      roundingPoints: list(roundingPoint()),
    }),
    engineVersionNow: text(),
    configuration: sameOrChanged(),
    measurements: sameOrChanged(),
    changedQuestions: integer(),
    questions: list(question),
  }),
  answers: 'whole',
  handle: async ({ ctx, orgId, params }) => {
    const bill = await existingBill(ctx.db, orgId, idOf(params, 'billId'));
    const kept = await keptBillFacts(ctx.db, orgId, bill.id);
    const repeated = repeatedBill(kept, bill as unknown as BillIdentity);
    const stored = (await linesOfBills(ctx.db, orgId, [bill.id])).get(bill.id) ?? [];
    const differences = repeated.draft === null ? [] : billDifferences(bill, stored, repeated.draft);
    const isIdentical = repeated.draft !== null && differences.length === 0;
    const now = await today(ctx, orgId, { kept, queries: repeated.queries });
    const changed = now.questions.filter((asked) => asked.digest !== asked.digestToday);
    const { engineVersion, calculatedAt, catalogDigest, unitDigest, runDigest } = kept.manifest;
    return {
      billId: bill.id,
      result: isIdentical ? 'identical' : 'different',
      reason: repeated.reason,
      differences,
      manifest: {
        ...{ engineVersion, calculatedAt, factsDigest: runDigest },
        ...{ configurationDigest: catalogDigest, accountDigest: unitDigest },
        roundingPoints: roundingPointsOf(kept.facts, String(bill['currency']), stored),
      },
      engineVersionNow: ENGINE_VERSION,
      configuration: now.catalogSame && now.accountSame ? 'SAME' : 'CHANGED',
      measurements: changed.length === 0 ? 'SAME' : 'CHANGED',
      changedQuestions: changed.length,
      questions: now.questions.map(shownQuestion),
    };
  },
});

function shownQuestion({ query, digest, digestToday }: AnsweredQuestion): Row {
  const { aggregation, accountIds, start, end } = query;
  const isSame = digest === digestToday;
  return { aggregationId: aggregation.id, accountIds, start, end, digest, digestToday, isSame };
}

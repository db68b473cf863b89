import { z } from 'zod';
import { amount, date, dateTime, freeObject, list, optional, text } from '../../api/fields.ts';
import { defineOperation } from '../../api/operation.ts';
import { idOf } from '../../api/resource.ts';
import { sumOf } from '../../kernel/decimal.ts';
import { explainedBill } from './explain-facts.ts';
import { lineExplanation } from './explain-line.ts';
import { roundingPoint, roundingPointsOf } from './explain-rounding.ts';

/** Our own extension: how every line of a bill came about. */
export const explainBill = defineOperation({
  id: 'ExplainBill',
  method: 'GET',
  path: '/bills/{billId}/explain',
  summary: 'explain a bill',
  tag: 'Bill',
  permission: { action: 'config:retrieve', resource: 'billing:bill' },
  response: z.object({
    billId: text(),
    accountId: text(),
    startDate: date(),
    endDate: date(),
    billDate: date(),
    timezone: text(),
    currency: text(),
    currencyConversions: list(freeObject()),
    billTotal: amount(),
    sumOfLines: amount(),
    calculatedAt: dateTime(),
    engineVersion: optional(text()),
    factsDigest: optional(text()),
    roundingPoints: list(roundingPoint()),
    lines: list(freeObject()),
  }),
  answers: 'whole',
  handle: async ({ ctx, orgId, params }) => {
    const explained = await explainedBill(ctx, orgId, idOf(params, 'billId'));
    const { bill, lines, facts, manifest } = explained;
    const { accountId, startDate, endDate, billDate, billTotal, timezone, currency } = bill;
    return {
      ...{ billId: bill.id, accountId, startDate, endDate, billDate, timezone, currency, billTotal },
      currencyConversions: bill['currencyConversions'],
      sumOfLines: sumOf(lines.map((line) => line.convertedSubtotal)),
      calculatedAt: bill['lastCalculatedDate'],
      engineVersion: manifest?.engineVersion,
      factsDigest: manifest?.runDigest,
      roundingPoints: facts === null ? [] : roundingPointsOf(facts, String(currency), lines),
      lines: lines.map((line) => lineExplanation(explained, line)),
    };
  },
});

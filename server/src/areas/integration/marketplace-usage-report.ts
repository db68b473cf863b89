import { z } from 'zod';
import { freeObject, list, optional, reference, text } from '../../api/fields.ts';
import { dateParameter, textParameter, uuidParameter } from '../../api/filters.ts';
import { defineOperation } from '../../api/operation.ts';
import { listIdentityOf, pageParameters } from '../../api/page.ts';
import { positionFromToken } from '../../api/paging.ts';

const MAX_PAGE_SIZE = 50;
const MAX_BILL_ID_LENGTH = 50;

/**
 * What has been reported to marketplaces (spec 60 §6.9). Only a connector reports, and none for a marketplace
 * is installed, so nothing has been; the parameters are checked all the same.
 */
export const getMarketplaceUsageReport = defineOperation({
  id: 'GetUsageReport',
  method: 'GET',
  path: '/integrationdestinations/marketplace/usageReport',
  summary: 'list the usage that was reported to marketplaces',
  tag: 'MarketplaceUsageReport',
  permission: { action: 'marketplaceusage:retrieve', resource: 'marketplace:usage' },
  query: z.object({
    ...pageParameters(MAX_PAGE_SIZE),
    billStartDate: dateParameter(),
    accountId: uuidParameter(),
    externalSystem: textParameter(),
    billId: textParameter({ max: MAX_BILL_ID_LENGTH }),
  }),
  response: z.object({
    data: list(
      z.object({
        accountId: reference('Account'),
        billId: reference('Bill'),
        externalSystem: text(),
        reportedUsage: freeObject(),
      }),
    ),
    nextToken: optional(text({ max: 1024 })),
  }),
  answers: 'whole',
  handle: async (call) => {
    const { nextToken } = call.query;
    if (nextToken !== undefined) {
      const signer = { secretKey: call.ctx.secretKey, now: call.ctx.clock.now() };
      positionFromToken(nextToken, listIdentityOf(call), signer);
    }
    return { data: [] };
  },
});

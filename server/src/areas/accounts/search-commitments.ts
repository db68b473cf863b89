import { searchOperation } from '../../api/search.ts';
import { commitment } from './commitment.ts';

/** Commitments by account, contract, dates and products (spec 50 §4.3). */
export const searchCommitments = searchOperation(commitment, {
  id: 'SearchCommitments',
  fields: {
    startDate: 'date',
    endDate: 'date',
    contractId: 'id',
    accountId: 'id',
    productId: 'listedIds',
    productIds: 'listedIds',
  },
});

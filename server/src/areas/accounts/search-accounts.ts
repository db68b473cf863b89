import { searchOperation } from '../../api/search.ts';
import { account } from './account.ts';

/** Accounts by name, code and other fields (spec 40 §9). */
export const searchAccounts = searchOperation(account, {
  id: 'SearchAccounts',
  fields: {
    name: 'text',
    code: 'text',
    codes: 'codes',
    currency: 'text',
    purchaseOrderNumber: 'text',
    parentAccountId: 'id',
  },
});

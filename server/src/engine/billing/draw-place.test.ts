import { describe, expect, test } from 'vitest';
import { balance, priced, usage } from '../../../test/support/balance-facts.ts';
import { account, accountPlan, billsOf, child, day } from '../../../test/support/bill-facts.ts';
import { billText, calculated } from '../../../test/support/bill-story.ts';
import { afterBilling, commitment } from '../../../test/support/commitment-facts.ts';
import { decimal } from '../../kernel/decimal.ts';
import type { BillFacts, ChildBillingMode } from './facts.ts';

const measured = [usage(40), usage(80, '2024-05-10', 'kid')];

type Modes = { readonly plan: ChildBillingMode; readonly deal: ChildBillingMode };

/** 40 of usage of the parent, 80 of its child, which has a plan and a commitment of 60. */
function unit({ plan, deal }: Modes, rows: Partial<BillFacts> = {}): BillFacts {
  const term = { startDate: day('2024-01-01'), endDate: day('2025-01-01') };
  return priced({
    accounts: [account('acme'), child('kid', 'acme')],
    accountPlans: [accountPlan('ap'), accountPlan('own', { accountId: 'kid', childBillingMode: plan })],
    commitments: [commitment('deal', 60, { ...term, accountId: 'kid', childBillingMode: deal })],
    ...rows,
  });
}

/** Every bill as `account: consumed lines, total`. */
function consumed(given: BillFacts): readonly string[] {
  return calculated(given, measured).bills.map((bill) => {
    const texts = billText(bill).filter((text) => /CONSUMED|TOTAL/.test(text));
    return `${bill.identity.accountId}: ${texts.join(' | ').replaceAll('2024-05-01..2024-06-01 ', '')}`;
  });
}

const TEXT = 'COMMITMENT_CONSUMED Prepayment Consumed (account-wide)';

describe('spec 50 §6.9: the commitment of a child is drawn where its mode says', () => {
  test.each<[Modes, readonly string[]]>([
    [
      { plan: 'PARENT_BREAKDOWN', deal: 'PARENT_BREAKDOWN' },
      [`acme: ${TEXT} [kid]: -60.00 USD | TOTAL 60.00 USD`],
    ],
    [
      { plan: 'CHILD', deal: 'PARENT_BREAKDOWN' },
      [`acme: ${TEXT} [kid]: -60.00 USD | TOTAL -20.00 USD`, 'kid: TOTAL 80.00 USD'],
    ],
    [
      { plan: 'CHILD', deal: 'PARENT_SUMMARY' },
      [`acme: ${TEXT}: -60.00 USD | TOTAL -20.00 USD`, 'kid: TOTAL 80.00 USD'],
    ],
    [
      { plan: 'PARENT_BREAKDOWN', deal: 'CHILD' },
      ['acme: TOTAL 120.00 USD', `kid: ${TEXT}: -60.00 USD | TOTAL -60.00 USD`],
    ],
    [
      { plan: 'CHILD', deal: 'CHILD' },
      ['acme: TOTAL 40.00 USD', `kid: ${TEXT}: -60.00 USD | TOTAL 20.00 USD`],
    ],
  ])('%j', (modes, expected) => {
    const given = unit(modes);
    expect(consumed(given)).toEqual(expected);
    const { bills } = calculated(given, measured);
    // 40 + 80 less 60, on whichever bills
    expect(bills.reduce((sum, bill) => sum.plus(bill.billTotal), decimal(0)).toFixed(2)).toBe('60.00');
    const draws = bills.flatMap((bill) =>
      bill.draws.map((draw) => `${bill.identity.accountId} ${draw.amount}`),
    );
    expect(draws).toEqual([`${modes.deal === 'CHILD' ? 'kid' : 'acme'} 60`]);
  });

  test('a bill that shows nothing else has the time of what is drawn', () => {
    const own = accountPlan('own', { accountId: 'kid', childBillingMode: 'CHILD' });
    const given = unit({ plan: 'CHILD', deal: 'PARENT_BREAKDOWN' }, { accountPlans: [own] });
    const [parent] = calculated(given, measured).bills;
    expect(`${parent?.startDate} ${parent?.endDate} ${parent?.billTotal}`).toBe('2024-05-01 2024-06-01 -60');
  });

  test('a draw is converted where the bill that shows it has another currency', () => {
    const given = unit(
      { plan: 'CHILD', deal: 'PARENT_BREAKDOWN' },
      {
        accounts: [account('acme'), account('kid', { parentAccountId: 'acme', currency: 'EUR' })],
        target: billsOf('2024-06-01', {
          currencyConversions: [{ from: 'USD', to: 'EUR', multiplier: decimal('0.333') }],
        }),
      },
    );
    // The child's bill is 80 × 0.333 = 26.64 EUR, of which 60 USD pay 19.98; the parent's is in USD.
    expect(consumed(given)).toEqual([
      `acme: ${TEXT} [kid]: -60.00 USD | TOTAL -20.00 USD`,
      'kid: TOTAL 26.64 EUR',
    ]);
  });
});

describe('spec 40 §6.5: a locked bill of the unit keeps what it has drawn', () => {
  const modes = { plan: 'CHILD', deal: 'PARENT_BREAKDOWN' } as const;
  /** The unit after its bills were written and the account's was locked. */
  function locked(accountId: string, rows: Partial<BillFacts>): BillFacts {
    const given = unit(modes, rows);
    const written = afterBilling(given, calculated(given, measured).bills);
    const bills = written.bills.map((bill) => ({ ...bill, locked: bill.identity.accountId === accountId }));
    return { ...written, bills };
  }

  test('what the parent’s bill has paid is not paid again on the child’s', () => {
    const rows = { balances: [balance('wallet', 100, { accountId: 'kid' })] };
    const again = locked('acme', rows);
    // 80 less 60 on the locked bill: 20 of the balance, before as after.
    expect(consumed(unit(modes, rows))[1]).toBe('kid: BALANCE_CONSUMED wallet: -20.00 USD | TOTAL 60.00 USD');
    expect(consumed(again)).toEqual(['kid: BALANCE_CONSUMED wallet: -20.00 USD | TOTAL 60.00 USD']);
  });

  test('the parent’s bill goes on paying for the lines of a locked bill of the child', () => {
    const rows = { balances: [balance('wallet', 100, { accountId: 'kid' })] };
    const paid = `acme: ${TEXT} [kid]: -60.00 USD | TOTAL -20.00 USD`;
    expect(consumed(locked('kid', rows))).toEqual([paid]);
    const more = locked('kid', rows);
    const commitments = more.commitments.map((row) => ({ ...row, amount: decimal(500) }));
    // The wallet has paid 20 of the 80 on the locked bill, however much the commitment has now.
    expect(consumed({ ...more, commitments })).toEqual([paid]);
  });
});

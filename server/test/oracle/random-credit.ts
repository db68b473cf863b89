import type { Chance } from './chance.ts';
import { amount, type PlanChoice } from './random-plans.ts';

const TYPES = ['USAGE', 'STANDING_CHARGE', 'USAGE,STANDING_CHARGE', 'MINIMUM_SPEND,USAGE', '', '', ''];
const CURRENCIES = ['USD', 'USD', 'USD', 'EUR', 'JPY'];

/** Commitments, balances and charges of `acme`. */
export function creditLines(
  chance: Chance,
  plans: readonly PlanChoice[],
  hierarchy: boolean,
): readonly string[] {
  const count = (most: number) => Array.from({ length: chance.int(0, most) }, (_, i) => i);
  return [
    ...count(2).map((i) => commitmentLine(chance, plans, { i, hierarchy })),
    ...count(2).flatMap((i) => balanceLines(chance, i)),
    ...count(2).map((i) => chargeLine(chance, i)),
  ];
}

/** Words of a line; those that do not apply are empty. */
function line(words: readonly string[]): string {
  return words.filter((word) => word !== '').join(' ');
}

function scope(chance: Chance): readonly string[] {
  const types = chance.pick(TYPES);
  return [
    types === '' ? '' : `types=${types}`,
    chance.oneIn(4) ? `products=${chance.pick(['core', 'extra', 'core,extra'])}` : '',
    chance.oneIn(4) ? `surcharge=${chance.pick(['10', '-5', '2.5'])}` : '',
  ];
}

function commitmentLine(
  chance: Chance,
  plans: readonly PlanChoice[],
  { i, hierarchy }: { readonly i: number; readonly hierarchy: boolean },
): string {
  const scoped = scope(chance);
  const fee = chance.pick(['', `plan=${plans[0]?.id}`, 'fees=2024-03-01:100:2024-03-01:2024-04-01']);
  const modes = ['PARENT_BREAKDOWN', 'PARENT_SUMMARY', 'CHILD'];
  const hasSurcharge = scoped.some((word) => word.startsWith('surcharge'));
  return line([
    `commitment deal${i} amount=${amount(chance, 2000)} currency=${chance.pick(CURRENCIES)}`,
    `from=${chance.pick(['2024-01-01', '2024-02-10'])}`,
    `to=${chance.pick(['2025-01-01', '2024-05-16', '2024-06-01'])}`,
    ...scoped,
    fee,
    fee.startsWith('plan') && chance.oneIn(2) ? `interval=2 offset=${chance.int(0, 1)}` : '',
    fee.startsWith('plan') && chance.oneIn(3) ? `first=${chance.int(1, 40)}` : '',
    !hasSurcharge && !hierarchy && chance.oneIn(3) ? 'separate=true' : '',
    hierarchy ? `mode=${chance.pick(modes)} account=${chance.pick(['acme', 'acme', 'kid1', 'kid2'])}` : '',
  ]);
}

function balanceLines(chance: Chance, i: number): readonly string[] {
  const to = chance.pick(['2025-01-01', '2024-05-16', '2024-04-01T12:00']);
  const hasRollover = chance.oneIn(3) && !to.startsWith('2025');
  const balance = line([
    `balance purse${i} currency=${chance.pick(CURRENCIES)}`,
    `from=2024-01-${chance.pick(['01', '20'])} to=${to}`,
    hasRollover ? 'rollover.to=2024-07-01' : '',
    hasRollover && chance.oneIn(2) ? `rollover.amount=${chance.int(10, 150)}` : '',
    ...scope(chance),
    chance.oneIn(6) ? 'overdraft=true' : '',
  ]);
  if (chance.oneIn(6)) return [balance];
  return [balance, `transaction t${i} balance=purse${i} amount=${chance.int(1, 900)}`];
}

function chargeLine(chance: Chance, i: number): string {
  return line([
    `charge fee${i}`,
    chance.oneIn(2) ? `amount=${chance.pick(['-25', '40.50', '0', '199.99'])}` : 'units=3 price=7.333',
    `currency=${chance.pick(CURRENCIES)} from=2024-03-01 to=2024-04-01`,
    `date=${chance.pick(['2024-03-01', '2024-04-20', '2024-05-01'])}`,
    chance.oneIn(2) ? 'product=core' : '',
  ]);
}

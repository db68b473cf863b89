import { expect, test } from 'vitest';
import { periodOrder } from './period-order.ts';

test('frequencies are in order of their periods, of equal ones the greater unit comes later', () => {
  const inOrder = [
    'DAILY/1',
    'DAILY/7',
    'WEEKLY/1',
    'DAILY/30',
    'MONTHLY/1',
    'DAILY/31',
    'WEEKLY/5',
    'WEEKLY/52',
    'DAILY/365',
    'MONTHLY/12',
    'ANNUALLY/1',
    'MONTHLY/13',
    'MONTHLY/365',
    'ANNUALLY/365',
    'CONSOLIDATED',
    'AD_HOC',
  ];
  const orders = inOrder.map(periodOrder);
  expect(orders.toSorted()).toEqual(orders);
  expect(new Set(orders).size).toBe(orders.length);
});

import { expect, test } from 'vitest';
import { decimal } from '../../kernel/decimal.ts';
import { Temporal } from '../../kernel/time.ts';
import { headText, rowsText } from './row-text.ts';

const COLUMNS = ['text', 'amount', 'at', 'on', 'flag', 'map', 'none'];
const ROWS = [
  {
    text: 'a "b", c\nd',
    amount: decimal('1e-7'),
    at: Temporal.Instant.from('2024-01-01T00:00:00.250Z'),
    on: Temporal.PlainDate.from('2024-02-29'),
    flag: false,
    map: { a: [decimal('1.50'), 'x'] },
    none: null,
  },
  { text: '', amount: decimal('12345678901234567890.1234567890') },
];

test('CSV has a header, LF, doubled quotes, JSON for maps and nothing for null', () => {
  expect(headText('CSV', COLUMNS)).toBe('text,amount,at,on,flag,map,none\n');
  expect(rowsText('CSV', { columns: COLUMNS, everyColumn: true }, ROWS)).toBe(
    '"a ""b"", c\nd",0.0000001,2024-01-01T00:00:00.25Z,2024-02-29,false,"{""a"":[1.5,""x""]}",\n' +
      ',12345678901234567890.123456789,,,,,\n',
  );
  expect(rowsText('CSV', { columns: COLUMNS, everyColumn: true }, [])).toBe('');
});

test('JSONL has one object per line, with every column or without nulls', () => {
  const columns = ['amount', 'none'];
  const rows = [{ amount: decimal('0.10'), none: null }];
  expect(headText('JSONL', columns)).toBe('');
  expect(rowsText('JSONL', { columns, everyColumn: true }, rows)).toBe('{"amount":0.1,"none":null}\n');
  expect(rowsText('JSONL', { columns, everyColumn: false }, rows)).toBe('{"amount":0.1}\n');
});

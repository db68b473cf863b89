import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { billsContent } from '../oracle/bill-text.ts';
import { engineStory } from '../oracle/engine-story.ts';
import { storyOf } from '../oracle/given.ts';
import { oracleStory } from '../oracle/oracle-story.ts';
import { updatesGolden } from '../support/golden-mode.ts';

const FOLDER = new URL('./bills/', import.meta.url);
const NOTHING = '(no bill)';

/**
 * A case is what is given (with the arithmetic in comments), then for each `bill` line of it the bills, each
 * behind a line `---`. The amounts were worked out from the specification by hand, not copied from a run.
 */
const cases = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.txt'))
  .sort()
  .map((name) => {
    const [given = '', ...expected] = readFileSync(new URL(name, FOLDER), 'utf8').split(/^---\n/m);
    return { name, given, expected };
  });

describe.each(cases)('$name', ({ name, given, expected }) => {
  test('the engine bills what was worked out by hand', () => {
    const bills = told(engineStory(storyOf(given)));
    if (updatesGolden()) {
      const text = [given, ...bills.map((bill) => `${bill}\n`)].join('---\n');
      writeFileSync(new URL(name, FOLDER), text);
    }
    expect(bills.map(inOneSpace)).toEqual(expected.map(inOneSpace));
  });

  test('the oracle agrees', () => {
    const bills = told(oracleStory(storyOf(given)));
    expect(bills.map(billsContent)).toEqual(expected.map(billsContent));
  });
});

test('there are at least 60 cases of rating and billing and 25 of credit', () => {
  const credit = cases.filter((one) => one.name.startsWith('credit-'));
  expect(credit.length).toBeGreaterThanOrEqual(25);
  expect(cases.length - credit.length).toBeGreaterThanOrEqual(60);
});

function told(texts: readonly string[]): readonly string[] {
  return texts.map((text) => text || NOTHING);
}

/** The layout of the columns is for the eye. */
function inOneSpace(text: string): string {
  const lines = text
    .trim()
    .split('\n')
    .map((line) => line.trim().replace(/ +/g, ' '));
  return lines.join('\n');
}

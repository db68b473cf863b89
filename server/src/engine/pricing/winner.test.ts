import { describe, expect, test } from 'vitest';
import { type Instant, Temporal } from '../../kernel/time.ts';
import { type PricingCandidate, ratingWindows, winnerAt } from './winner.ts';

function day(text: string): Instant {
  return Temporal.Instant.from(text.length === 10 ? `${text}T00:00:00Z` : text);
}

type Given = { id: string; start: string; end?: string; created?: string; template?: boolean };

function pricing({ id, start, end, created = '2024-01-01', template = false }: Given): PricingCandidate {
  return {
    id,
    startDate: day(start),
    endDate: end === undefined ? null : day(end),
    dtCreated: day(created),
    ownedByPlan: !template,
  };
}

describe('winnerAt', () => {
  const own = pricing({ id: 'own', start: '2024-02-01', end: '2024-03-01' });
  const inherited = pricing({ id: 'inherited', start: '2024-02-15', template: true });

  test.each<[string, PricingCandidate[], string, string | null]>([
    ['the plan hides the template, even a later one', [inherited, own], '2024-02-20', 'own'],
    ['the template shows through after the plan', [inherited, own], '2024-03-01', 'inherited'],
    ['a start belongs to the pricing', [own], '2024-02-01', 'own'],
    ['an end does not', [own], '2024-03-01', null],
    ['before any start nothing applies', [inherited, own], '2024-01-31', null],
    [
      'the latest start wins',
      [pricing({ id: 'new', start: '2024-03-01' }), pricing({ id: 'old', start: '2024-01-01' })],
      '2024-04-01',
      'new',
    ],
    [
      'then the latest created',
      [
        pricing({ id: 'a', start: '2024-03-01', created: '2024-02-02' }),
        pricing({ id: 'b', start: '2024-03-01', created: '2024-02-01' }),
      ],
      '2024-04-01',
      'a',
    ],
    [
      'then the greatest id',
      [pricing({ id: 'b', start: '2024-03-01' }), pricing({ id: 'a', start: '2024-03-01' })],
      '2024-04-01',
      'b',
    ],
  ])('%s', (_name, candidates, at, expected) => {
    expect(winnerAt(candidates, day(at))?.id ?? null).toBe(expected);
    expect(winnerAt(candidates.toReversed(), day(at))?.id ?? null).toBe(expected);
  });
});

describe('ratingWindows of March', () => {
  function windows(...given: Given[]): string[] {
    const found = ratingWindows(given.map(pricing), day('2024-03-01'), day('2024-04-01'));
    return found.map(({ pricing: { id }, start, end }) => `${id} ${start} ${end}`);
  }

  test.each<[string, Given[], string[]]>([
    [
      'one pricing throughout',
      [{ id: 'a', start: '2023-01-01' }],
      ['a 2024-03-01T00:00:00Z 2024-04-01T00:00:00Z'],
    ],
    [
      'a successor from the middle of a day',
      [
        { id: 'a', start: '2023-01-01', end: '2024-03-11T09:30:00Z' },
        { id: 'b', start: '2024-03-11T09:30:00Z' },
      ],
      ['a 2024-03-01T00:00:00Z 2024-03-11T09:30:00Z', 'b 2024-03-11T09:30:00Z 2024-04-01T00:00:00Z'],
    ],
    [
      'an open pricing comes back when the newer one ends',
      [
        { id: 'a', start: '2023-01-01' },
        { id: 'b', start: '2024-03-10', end: '2024-03-20' },
      ],
      [
        'a 2024-03-01T00:00:00Z 2024-03-10T00:00:00Z',
        'b 2024-03-10T00:00:00Z 2024-03-20T00:00:00Z',
        'a 2024-03-20T00:00:00Z 2024-04-01T00:00:00Z',
      ],
    ],
    [
      'time without a pricing has no window',
      [
        { id: 'a', start: '2023-01-01', end: '2024-03-05' },
        { id: 'b', start: '2024-03-25' },
      ],
      ['a 2024-03-01T00:00:00Z 2024-03-05T00:00:00Z', 'b 2024-03-25T00:00:00Z 2024-04-01T00:00:00Z'],
    ],
    [
      'a pricing that never wins cuts nothing',
      [
        { id: 'a', start: '2023-01-01' },
        { id: 'b', start: '2024-03-10', end: '2024-03-20', template: true },
      ],
      ['a 2024-03-01T00:00:00Z 2024-04-01T00:00:00Z'],
    ],
    ['pricings outside the period give none', [{ id: 'a', start: '2024-04-01' }], []],
    ['no pricing gives none', [], []],
  ])('%s', (_name, given, expected) => {
    expect(windows(...given)).toEqual(expected);
  });

  test('an empty period has no window', () => {
    const always = [pricing({ id: 'a', start: '2023-01-01' })];
    expect(ratingWindows(always, day('2024-03-01'), day('2024-03-01'))).toEqual([]);
  });
});

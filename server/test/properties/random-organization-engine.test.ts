import { describe, expect, test } from 'vitest';
import { billsContent } from '../oracle/bill-text.ts';
import { engineStory } from '../oracle/engine-story.ts';
import { storyOf } from '../oracle/given.ts';
import { oracleStory } from '../oracle/oracle-story.ts';
import { randomOrganization } from '../oracle/random-organization.ts';
import { randomSeeds } from '../support/golden-mode.ts';

const kinds = [
  { name: 'plans and counters', credit: false, hierarchy: false, changes: true },
  { name: 'another calendar', credit: false, hierarchy: false, switches: true },
  { name: 'parents and children', credit: false, hierarchy: true, changes: false },
  { name: 'credit', credit: true, hierarchy: false, changes: true },
  { name: 'credit of parents and children', credit: true, hierarchy: true, changes: false },
];

/** METERBOOK_RANDOM_SEEDS=1000 and METERBOOK_RANDOM_FIRST=5000 try others than the usual seeds. */
describe.each(kinds)('a random organization with $name', (kind) => {
  test.each(randomSeeds(15))('of seed %i has the bills that the oracle calculates', (seed) => {
    const given = randomOrganization(seed, kind);
    const steps = storyOf(given);
    expect(engineStory(steps).map(billsContent), given).toEqual(oracleStory(steps).map(billsContent));
  });
});

import { describe, expect, test } from 'vitest';
import { allDocuments, brokenLinks, unlistedDecisions } from './tidy/documents.ts';
import { API, broken, clean } from './tidy/examples.ts';
import { breachesOf, rules } from './tidy/rules.ts';
import { allSourceFiles, sourceFile } from './tidy/source.ts';
import { unlistedDeclarations } from './tidy/whole.ts';

describe('the tree', () => {
  const files = allSourceFiles();

  test('is read whole', () => {
    expect(files.map((file) => file.path)).toContain('server/test/tidy.test.ts');
    expect(files.map((file) => file.path)).toContain('server/src/kernel/decimal.ts');
  });

  test.each(rules)('keeps the rule: $name', (rule) => {
    expect(files.flatMap((file) => breachesOf(rule, file)).join('\n')).toBe('');
  });

  test('registers every resource, operation and task', () => {
    expect(unlistedDeclarations(files).join('\n')).toBe('');
  });
});

describe('the documents', () => {
  const documents = allDocuments();

  test('link to files that exist', () => {
    expect(documents.flatMap(brokenLinks).join('\n')).toBe('');
  });

  test('list every decision', () => {
    expect(unlistedDecisions(documents).join('\n')).toBe('');
  });
});

describe('the checker', () => {
  test.each(broken)('finds a breach of: %s, in %s (%#)', (name, path, text) => {
    expect(breachesIn(name, path, text)).toHaveLength(1);
  });

  test.each(clean)('finds no breach of: %s, in %s (%#)', (name, path, text) => {
    expect(breachesIn(name, path, text).join('\n')).toBe('');
  });

  test('every rule has a breach among the examples', () => {
    expect(new Set(broken.map(([rule]) => rule))).toEqual(new Set(rules.map((rule) => rule.name)));
  });

  test('finds a declaration that the registry does not list', () => {
    const plan = sourceFile('server/src/areas/pricing/plan.ts', 'export const plan = defineResource({});');
    const empty = sourceFile('server/src/registry.ts', 'export const resources = [];');
    const full = sourceFile('server/src/registry.ts', 'export const resources = [plan];');
    expect(unlistedDeclarations([plan, empty])).toEqual(['server/src/areas/pricing/plan.ts plan']);
    expect(unlistedDeclarations([plan, full]).join('\n')).toBe('');
  });

  test('finds a link that leads nowhere, and leaves the web alone', () => {
    const text = '[a](STYLE.md#names) [b](gone.md) [c](https://example.com/gone.md) [d](docs/none/x.md#y)';
    expect(brokenLinks({ path: 'README.md', text })).toEqual([
      'README.md gone.md',
      'README.md docs/none/x.md',
    ]);
  });

  test('finds a decision that is not listed', () => {
    const record = { path: 'docs/decisions/0001-one.md', text: '' };
    const list = (text: string) => ({ path: 'docs/decisions/README.md', text });
    expect(unlistedDecisions([record, list('')])).toEqual([record.path]);
    expect(unlistedDecisions([record, list('[0001](0001-one.md)')]).join('\n')).toBe('');
  });

  test('a breach is named by path and line', () => {
    expect(breachesIn('any', API, '\n\nlet a: any;')).toEqual([
      `${API}:3 say what it is, or take \`unknown\` and narrow it`,
    ]);
  });
});

function breachesIn(name: string, path: string, text: string): string[] {
  const file = sourceFile(path, text);
  return rules.filter((rule) => rule.name === name).flatMap((rule) => breachesOf(rule, file));
}

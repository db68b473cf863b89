import { type Finding, nameOf, type Position, type Rule, type SourceFile, wordsOf } from './source.ts';

/** Words that the API does not use, and its word for the thing (the glossary of ARCHITECTURE.md). */
const SYNONYMS: ReadonlyMap<string, string> = new Map([
  ['customer', 'account'],
  ['subscriber', 'account'],
  ['invoice', 'bill'],
  ['subscription', 'account plan'],
  ['tenant', 'organization'],
  ['prepayment', 'commitment'],
  ['wallet', 'balance'],
  ['tariff', 'pricing'],
  ['organisation', 'organization'],
  ['catalogue', 'catalog'],
  ['price list', 'pricing'],
  ['price book', 'pricing'],
  ['rate card', 'pricing'],
  ['usage record', 'measurement'],
]);

const BANNED = new RegExp(`\\b(${[...SYNONYMS.keys()].join('|')})s?\\b`);

/** Field names of the API in which a banned word is right. */
const API_WORDS =
  /\b(?:(?:external|sequential) invoices?|invoice (?:numbers?|dates?|references?|sequence))\b/g;

/** Words that say nothing about what a function does or returns. */
const VAGUE = /^(?:get|handle|process)\b|\b(?:manager|helpers?|utils?|data|info)\b|(?<!\bof )\bservice$/;

/** Things of the API whose names hold such a word. */
const API_NOUNS = /\bdata (?:fields?|exports?|explorer|directory|folder)\b/g;

export const nameRules: readonly Rule[] = [
  { name: 'synonym', find: bannedSynonyms },
  { name: 'vague function name', find: vagueFunctionNames },
  { name: 'file name', find: oddFileName },
];

function bannedSynonyms(file: SourceFile): Finding[] {
  return file.positions.flatMap(({ node }) => {
    const name = node.type === 'Identifier' ? nameOf(node) : null;
    const found = name === null ? null : synonymIn(name);
    return found === null ? [] : [{ at: node.start, message: `${name}: ${found}` }];
  });
}

/** What to say instead, or null when every word of the name is the API's. */
function synonymIn(name: string): string | null {
  const text = wordsOf(name).join(' ').replace(API_WORDS, '');
  const banned = BANNED.exec(text)?.[1];
  return banned === undefined ? null : `say ${SYNONYMS.get(banned)}`;
}

function vagueFunctionNames(file: SourceFile): Finding[] {
  return file.positions.filter(isNamedFunction).flatMap(({ node }) => {
    const name = nameOf(node['id']) ?? '';
    const words = wordsOf(name).join(' ').replace(API_NOUNS, '');
    return VAGUE.test(words) ? [{ at: node.start, message: `${name}: name what it returns or does` }] : [];
  });
}

function isNamedFunction({ node }: Position): boolean {
  return node.type === 'FunctionDeclaration' || node.type === 'TSDeclareFunction';
}

const KEBAB = /^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.(?:test|config|d))?\.tsx?$/;

function oddFileName(file: SourceFile): Finding[] {
  const name = file.path.split('/').at(-1) ?? '';
  if (!KEBAB.test(name)) return [{ at: 0, message: `${name} is not kebab-case` }];
  if (!/\b(?:helpers?|utils?|misc|common|manager)\b/.test(name)) return [];
  return [{ at: 0, message: `${name}: name the file after what it exports` }];
}

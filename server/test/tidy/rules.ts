import { banRules } from './bans.ts';
import { engineRules } from './engine.ts';
import { importRules } from './imports.ts';
import { nameRules } from './names.ts';
import { queryRules } from './queries.ts';
import { sizeRules } from './sizes.ts';
import { lineOf, type Rule, type SourceFile } from './source.ts';

/** Everything that a file is checked for. */
export const rules: readonly Rule[] = [
  ...sizeRules,
  ...banRules,
  ...engineRules,
  ...nameRules,
  ...importRules,
  ...queryRules,
];

/** The breaches of one rule in a file, each as `path:line message`. */
export function breachesOf(rule: Rule, file: SourceFile): string[] {
  return rule
    .find(file)
    .map(({ at, message }) => `${file.path}:${lineOf(file.text, at)} ${message}`.trimEnd());
}

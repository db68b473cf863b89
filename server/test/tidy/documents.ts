import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { REPOSITORY } from './source.ts';

/** A Markdown file; `path` is relative to the repository. */
export type Document = { readonly path: string; readonly text: string };

/** The documents at the top and everything in `docs`. */
export function allDocuments(): Document[] {
  const top = readdirSync(REPOSITORY).filter((name) => name.endsWith('.md'));
  const below = readdirSync(join(REPOSITORY, 'docs'), { recursive: true, encoding: 'utf8' });
  const paths = [...top, ...below.filter((name) => name.endsWith('.md')).map((name) => join('docs', name))];
  return paths.sort().map((path) => ({ path, text: readFileSync(join(REPOSITORY, path), 'utf8') }));
}

/** Links to files that do not exist, each as `path target`. Links into the web are not followed. */
export function brokenLinks(document: Document): string[] {
  return [...document.text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)]
    .map((match) => match[1] ?? '')
    .filter((target) => !/^[a-z]+:/.test(target))
    .filter((target) => !existsSync(join(REPOSITORY, dirname(document.path), target)))
    .map((target) => `${document.path} ${target}`);
}

/** Decision records that the list of decisions leaves out. */
export function unlistedDecisions(documents: readonly Document[]): string[] {
  const list = documents.find(({ path }) => path === 'docs/decisions/README.md')?.text ?? '';
  return documents
    .map(({ path }) => path)
    .filter((path) => /^docs\/decisions\/\d{4}-/.test(path))
    .filter((path) => !list.includes(`(${path.replace('docs/decisions/', '')})`));
}

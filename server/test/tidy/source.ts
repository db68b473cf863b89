import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAst } from 'vitest/node';

/** One node of the syntax tree (ESTree with TypeScript nodes), as loosely as the rules need it. */
export type SyntaxNode = {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [property: string]: unknown;
};

/** A node with the way up to the root; `key` is the property of the parent that holds the node. */
export type Position = {
  readonly node: SyntaxNode;
  readonly key: string;
  readonly parent: Position | null;
};

/** One file, parsed. `path` is relative to the repository, with `/`. */
export type SourceFile = {
  readonly path: string;
  readonly text: string;
  readonly isTest: boolean;
  readonly positions: readonly Position[];
};

/** A breach of a rule: where in the text, and what to do about it. */
export type Finding = { readonly at: number; readonly message: string };

/** A rule of the house: looks at one file and answers its breaches. */
export type Rule = { readonly name: string; readonly find: (file: SourceFile) => readonly Finding[] };

export const REPOSITORY = fileURLToPath(new URL('../../../', import.meta.url));

const SOURCE_FOLDERS = ['server/src', 'server/test', 'console/src', 'console/test'];

/** Every TypeScript file of the product and its tests, parsed. */
export function allSourceFiles(): SourceFile[] {
  const folders = SOURCE_FOLDERS.filter((folder) => existsSync(join(REPOSITORY, folder)));
  const paths = folders.flatMap((folder) => pathsUnder(folder));
  return paths.map((path) => sourceFile(path, readFileSync(join(REPOSITORY, path), 'utf8')));
}

function pathsUnder(folder: string): string[] {
  const entries = readdirSync(join(REPOSITORY, folder), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => relative(REPOSITORY, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort();
}

/** A file from its text. Text that does not parse gives a file that is one `Unparsable` node. */
export function sourceFile(path: string, text: string): SourceFile {
  const isTest =
    path.startsWith('server/test/') || path.startsWith('console/test/') || path.includes('.test.');
  return { path, text, isTest, positions: positionsOf(parsed(path, text)) };
}

function parsed(path: string, text: string): SyntaxNode {
  const lang = path.endsWith('x') ? 'tsx' : 'ts';
  try {
    return parseAst(text, { lang }, path) as unknown as SyntaxNode;
  } catch (error) {
    return { type: 'Unparsable', start: 0, end: text.length, message: String(error) };
  }
}

/** The tree flattened, every parent before its children. */
function positionsOf(root: SyntaxNode): Position[] {
  const positions: Position[] = [{ node: root, key: '', parent: null }];
  for (let i = 0; i < positions.length; i++) {
    const parent = positions[i] as Position;
    positions.push(...childrenOf(parent));
  }
  return positions;
}

function childrenOf(parent: Position): Position[] {
  return Object.entries(parent.node).flatMap(([key, value]) =>
    (Array.isArray(value) ? value : [value])
      .filter((child): child is SyntaxNode => isNode(child))
      .map((node) => ({ node, key, parent })),
  );
}

export function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && typeof (value as SyntaxNode).type === 'string';
}

/** The positions above, from the nearest outwards. */
export function ancestorsOf(position: Position): Position[] {
  const ancestors: Position[] = [];
  for (let above = position.parent; above !== null; above = above.parent) ancestors.push(above);
  return ancestors;
}

/** The number of the line that holds an offset, from 1. */
export function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

/** The name of an identifier (private ones without `#`), null for any other node. */
export function nameOf(node: unknown): string | null {
  return isNode(node) && typeof node['name'] === 'string' ? node['name'] : null;
}

/** The words of a camelCase, PascalCase, UPPER_CASE or kebab-case name, in lower case. */
export function wordsOf(name: string): string[] {
  return (name.match(/[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+/g) ?? []).map((word) => word.toLowerCase());
}

/** `a.b` for the member access `a.b` or `a?.b`, else null. */
export function memberPath(node: SyntaxNode): string | null {
  if (node.type !== 'MemberExpression' || node['computed'] === true) return null;
  const object = nameOf(node['object']);
  return object === null ? null : `${object}.${nameOf(node['property']) ?? ''}`;
}

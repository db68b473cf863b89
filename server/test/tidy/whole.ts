import { leftmostName } from './sizes.ts';
import { isNode, nameOf, type Position, type SourceFile } from './source.ts';

/** The files that list everything by hand. */
const REGISTRY = /^server\/src\/registry(-\w+)?\.ts$/;

/**
 * Resources, operations and tasks of the areas that the registry does not list: what is not listed is not
 * served, and nothing else would say so. Each as `path name`.
 */
export function unlistedDeclarations(files: readonly SourceFile[]): string[] {
  const registry = files.filter((file) => REGISTRY.test(file.path));
  const listed = new Set(registry.flatMap(({ positions }) => positions.map(({ node }) => nameOf(node))));
  return files
    .filter((file) => file.path.startsWith('server/src/areas/') && !file.isTest)
    .flatMap((file) => declaredNames(file).map((name) => ({ path: file.path, name })))
    .filter(({ name }) => !listed.has(name))
    .map(({ path, name }) => `${path} ${name}`);
}

/** Names of the constants at the top of a file that a `define…` call makes. */
function declaredNames(file: SourceFile): string[] {
  return file.positions.filter(isDeclaration).map(({ node }) => nameOf(node['id']) ?? '');
}

function isDeclaration({ node, parent }: Position): boolean {
  if (node.type !== 'VariableDeclarator' || !isAtTop(parent)) return false;
  const value = node['init'];
  if (!isNode(value) || value.type !== 'CallExpression') return false;
  return /^define[A-Z]/.test(leftmostName(value) ?? '');
}

function isAtTop(declaration: Position | null): boolean {
  const statement = declaration?.parent?.node.type;
  return statement === 'Program' || statement === 'ExportNamedDeclaration';
}

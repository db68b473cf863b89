import { posix } from 'node:path';
import type { Finding, Rule, SourceFile, SyntaxNode } from './source.ts';

/** Who may import whom (ARCHITECTURE.md); a folder may always import itself. */
const FOLDERS: Readonly<Record<string, readonly string[]>> = {
  kernel: [],
  engine: ['kernel'],
  store: ['kernel'],
  jobs: ['kernel'],
  ports: ['kernel'],
  api: ['kernel', 'store', 'jobs'],
  areas: ['kernel', 'engine', 'api', 'store', 'jobs', 'ports'],
  config: ['kernel'],
};

/** From left to right: an area may import the ones before it, through their `index.ts`. */
const AREAS = [
  'organization',
  'identity',
  'catalog',
  'pricing',
  'accounts',
  'usage',
  'billing',
  'exports',
  'integration',
];

/** Packages that the inner folders may use; folders that are not named here may use any. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  kernel: ['node:crypto', 'decimal.js', 'temporal-polyfill', 'lossless-json'],
  engine: [],
};

/** Where everything is put together: these import what they like, and only they import each other. */
const ENTRIES = [
  'registry',
  'registry-resources',
  'registry-jobs',
  'context',
  'server',
  'main',
  'demo',
  'bench',
];

const TEST_PACKAGES = ['vitest', 'fast-check'];

type Import = { readonly at: number; readonly target: string; readonly typeOnly: boolean };

export const importRules: readonly Rule[] = [
  { name: 'import table', find: forbiddenImports },
  { name: 'barrel', find: barrels },
];

function forbiddenImports(file: SourceFile): Finding[] {
  const imports = importsOf(file);
  if (file.path.startsWith('console/')) return findingsOf(imports, consoleRefusal);
  if (!file.path.startsWith('server/src/')) return [];
  return findingsOf(imports, (found) => refusal(file, found));
}

function findingsOf(imports: readonly Import[], reason: (found: Import) => string | null): Finding[] {
  return imports.flatMap((found) => {
    const message = reason(found);
    return message === null ? [] : [{ at: found.at, message: `${found.target}: ${message}` }];
  });
}

/** Static and dynamic imports and re-exports; relative ones resolved to a path of the repository. */
function importsOf(file: SourceFile): Import[] {
  return file.positions.flatMap(({ node }) => {
    const source = node['source'] as SyntaxNode | null | undefined;
    const specifier = source?.['value'];
    if (!isImport(node) || typeof specifier !== 'string') return [];
    const isRelative = specifier.startsWith('.');
    const target = isRelative ? posix.join(posix.dirname(file.path), specifier) : specifier;
    return [{ at: node.start, target, typeOnly: node['importKind'] === 'type' }];
  });
}

function isImport(node: SyntaxNode): boolean {
  return /^(?:Import(?:Declaration|Expression)|Export(?:Named|All)Declaration|TSImportType)$/.test(node.type);
}

function consoleRefusal({ target }: Import): string | null {
  if (!target.startsWith('server/') || target === 'server/openapi.json') return null;
  return 'the console knows the server only by server/openapi.json';
}

function refusal(file: SourceFile, found: Import): string | null {
  const from = folderOf(file.path);
  if (!found.target.startsWith('server/')) return packageRefusal(file, found.target);
  if (found.target.startsWith('server/test/')) return testImportRefusal(file);
  if (ENTRIES.includes(from)) return null;
  const to = folderOf(found.target);
  if (to === 'context' && found.typeOnly && ['api', 'areas', 'jobs'].includes(from)) return null;
  if (from === 'areas' && to === 'areas') return areaRefusal(file.path, found.target);
  const allowed = [from, ...(FOLDERS[from] ?? [])];
  if (FOLDERS[from] === undefined) return `the folder ${from} is not in the table`;
  return allowed.includes(to) ? null : `${from} may import only ${allowed.join(', ')}`;
}

/** `kernel` for server/src/kernel/time.ts, `config` for server/src/config.ts. */
function folderOf(path: string): string {
  return (path.split('/')[2] ?? '').replace(/(?:\.test)?\.ts$/, '');
}

function packageRefusal(file: SourceFile, name: string): string | null {
  const allowed = PACKAGES[folderOf(file.path)];
  if (allowed === undefined || allowed.includes(name)) return null;
  if (file.isTest && TEST_PACKAGES.includes(name)) return null;
  return `${folderOf(file.path)} may use only ${allowed.join(', ') || 'no package'}`;
}

function testImportRefusal(file: SourceFile): string | null {
  return file.isTest ? null : 'the product does not import tests';
}

function areaRefusal(path: string, target: string): string | null {
  const [from, to] = [areaOf(path), areaOf(target)];
  if (from === to) return null;
  if (AREAS.indexOf(to) < 0) return `${to} is no area`;
  if (AREAS.indexOf(to) > AREAS.indexOf(from)) return `${to} comes after ${from}: let it react to an event`;
  return target === `server/src/areas/${to}/index.ts` ? null : `another area is entered by its index.ts`;
}

function areaOf(path: string): string {
  return path.split('/')[3] ?? '';
}

const AREA_INDEX = /^server\/src\/areas\/[^/]+\/index\.ts$/;

/** Only the `index.ts` of an area hands on what others export: name by name, below a sentence on the area. */
function barrels(file: SourceFile): Finding[] {
  const isAreaIndex = AREA_INDEX.test(file.path);
  const findings = file.positions.flatMap(({ node }) => {
    const message = reExport(node, isAreaIndex);
    return message === null ? [] : [{ at: node.start, message }];
  });
  if (!isAreaIndex && /\/index\.tsx?$/.test(file.path))
    findings.push({ at: 0, message: 'only areas have one' });
  if (isAreaIndex && !/^\/[/*]/.test(file.text))
    findings.push({ at: 0, message: 'begin with what the area is' });
  return findings;
}

function reExport(node: SyntaxNode, isAreaIndex: boolean): string | null {
  if (node.type === 'ExportAllDeclaration') return 'name what is handed on';
  if (node.type !== 'ExportNamedDeclaration' || node['source'] === null) return null;
  return isAreaIndex ? null : 'import it where it originates';
}

import { type Finding, memberPath, nameOf, type Position, type Rule, type SourceFile } from './source.ts';

/** What makes a calculation depend on more than its arguments. */
const IMPURE_NAMES = [
  'Date',
  'process',
  'console',
  'fetch',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
  'performance',
  'crypto',
  'Promise',
  'globalThis',
];

export const engineRules: readonly Rule[] = [
  { name: 'spec line', find: missingSpecLine },
  { name: 'pure engine', find: impureEngine },
];

function isEngine(file: SourceFile): boolean {
  return file.path.startsWith('server/src/engine/') && !file.isTest;
}

/** An engine file says first which rule of the specification it is. */
function missingSpecLine(file: SourceFile): Finding[] {
  if (!isEngine(file) || /^\/\/ Spec \d\d §\d/.test(file.text)) return [];
  return [{ at: 0, message: 'begin with `// Spec 40 §3.4: what of it`' }];
}

function impureEngine(file: SourceFile): Finding[] {
  if (!isEngine(file)) return [];
  return file.positions
    .filter(isImpure)
    .map(({ node }) => ({ at: node.start, message: 'the engine takes everything as arguments' }));
}

function isImpure(position: Position): boolean {
  const { node } = position;
  if (node['async'] === true || node.type === 'AwaitExpression') return true;
  if (memberPath(node) === 'Math.random') return true;
  return IMPURE_NAMES.includes(nameOf(node) ?? '') && isGlobalUse(position);
}

/** A name that stands for the global: not a property, a key, a type of its own, or a parameter. */
function isGlobalUse({ node, key, parent }: Position): boolean {
  if (node.type !== 'Identifier' || parent === null) return false;
  if (parent.node.type === 'MemberExpression') return key === 'object';
  return (
    ['CallExpression', 'NewExpression', 'TSTypeReference', 'VariableDeclarator'].includes(parent.node.type) &&
    key !== 'id'
  );
}

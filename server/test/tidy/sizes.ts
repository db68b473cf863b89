import { isTable } from './exceptions.ts';
import { ancestorsOf, type Finding, nameOf, type Position, type Rule, type SourceFile } from './source.ts';

/** The limits of STYLE.md. Raising one needs a decision record. */
export const LIMITS = {
  fileLines: 400,
  functionLines: 70,
  parameters: 3,
  nesting: 3,
  lineLength: 110,
} as const;

const FUNCTIONS = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression']);
const SIGNATURES = new Set([...FUNCTIONS, 'TSFunctionType', 'TSMethodSignature', 'TSDeclareFunction']);
/** What runs tests and groups them. */
export const RUNNERS = ['test', 'it', 'describe', 'suite', 'bench'];

const BRANCHES = new Set([
  'IfStatement',
  'ForStatement',
  'ForOfStatement',
  'ForInStatement',
  'WhileStatement',
  'DoWhileStatement',
  'SwitchStatement',
  'TryStatement',
]);

export const sizeRules: readonly Rule[] = [
  { name: 'file length', find: longFile },
  { name: 'line length', find: longLines },
  { name: 'function length', find: longFunctions },
  { name: 'parameters', find: manyParameters },
  { name: 'nesting', find: deepNesting },
];

function longFile(file: SourceFile): Finding[] {
  const lines = file.text.trimEnd().split('\n').length;
  if (lines <= LIMITS.fileLines || isTable(file.path)) return [];
  return [{ at: 0, message: `${lines} lines, the limit is ${LIMITS.fileLines}: split it by subject` }];
}

function longLines(file: SourceFile): Finding[] {
  if (isTable(file.path)) return [];
  let at = 0;
  const findings: Finding[] = [];
  for (const line of file.text.split('\n')) {
    if (line.length > LIMITS.lineLength) findings.push({ at, message: `${line.length} characters` });
    at += line.length + 1;
  }
  return findings;
}

function longFunctions(file: SourceFile): Finding[] {
  return file.positions
    .filter((position) => FUNCTIONS.has(position.node.type) && !isTestGroup(position))
    .map(({ node }) => ({ node, lines: file.text.slice(node.start, node.end).split('\n').length }))
    .filter(({ lines }) => lines > LIMITS.functionLines)
    .map(({ node, lines }) => ({ at: node.start, message: `a function of ${lines} lines` }));
}

/** The callback of `describe(…)` is a heading over tests, not a function that anybody reads as one. */
function isTestGroup(position: Position): boolean {
  return isCallbackOf(position, ['describe']);
}

/** The callbacks of `test.each(…)` and `fc.property(…)` take a row, however many columns it has. */
function takesCells(position: Position): boolean {
  return isCallbackOf(position, [...RUNNERS, 'fc']);
}

/** Whether the position is an argument of a call such as `test('…', …)` or `test.each(rows)('…', …)`. */
function isCallbackOf(position: Position, names: readonly string[]): boolean {
  const call = position.parent?.node;
  if (call?.type !== 'CallExpression' || position.key !== 'arguments') return false;
  return names.includes(leftmostName(call['callee']) ?? '');
}

/** `describe` for `describe`, `describe.each(rows)` and the like. */
export function leftmostName(node: unknown): string | null {
  const { type, object, callee, tag } = node as { type: string } & Record<string, unknown>;
  if (type === 'MemberExpression') return leftmostName(object);
  if (type === 'CallExpression') return leftmostName(callee);
  if (type === 'TaggedTemplateExpression') return leftmostName(tag);
  return nameOf(node);
}

function manyParameters(file: SourceFile): Finding[] {
  return file.positions
    .filter((position) => SIGNATURES.has(position.node.type) && !takesCells(position))
    .map(({ node }) => ({ node, count: parameterCount(node['params']) }))
    .filter(({ count }) => count > LIMITS.parameters)
    .map(({ node, count }) => ({ at: node.start, message: `${count} parameters: take one object` }));
}

function parameterCount(params: unknown): number {
  return (params as readonly unknown[]).filter((param) => nameOf(param) !== 'this').length;
}

function deepNesting(file: SourceFile): Finding[] {
  return file.positions
    .filter((position) => isBranch(position) && branchDepth(position) === LIMITS.nesting + 1)
    .map(({ node }) => ({ at: node.start, message: `nested more than ${LIMITS.nesting} deep` }));
}

function isBranch(position: Position): boolean {
  if (!BRANCHES.has(position.node.type)) return false;
  const elseIf = position.key === 'alternate' && position.parent?.node.type === 'IfStatement';
  return !elseIf;
}

/** Branches and loops around it within its named function, itself included; callbacks go on counting. */
function branchDepth(position: Position): number {
  const above = ancestorsOf(position);
  const border = above.findIndex(({ node }) => node.type === 'FunctionDeclaration');
  const within = border < 0 ? above : above.slice(0, border);
  return 1 + within.filter(isBranch).length;
}

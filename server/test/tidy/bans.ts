import { mayDeclareClasses, mayPrint, mayReadClock, mayReadEnvironment, mayUseAny } from './exceptions.ts';
import { leftmostName, RUNNERS } from './sizes.ts';
import { type Finding, memberPath, nameOf, type Position, type Rule, type SourceFile } from './source.ts';

type Breach = (position: Position, file: SourceFile) => string | null;

export const banRules: readonly Rule[] = [
  rule('parses', unparsable),
  rule('any', anyType),
  rule('console', consoleUse),
  rule('clock', clockUse),
  rule('environment', environmentUse),
  rule('float amounts', floatAmount),
  rule('focused tests', focusedTest),
  rule('default export', defaultExport),
  rule('enum and namespace', enumOrNamespace),
  rule('class', classDeclaration),
  rule('arrow constant', arrowConstant),
  { name: 'unfinished', find: unfinishedNotes },
];

function rule(name: string, breach: Breach): Rule {
  return { name, find: (file) => findingsOf(file, breach) };
}

function findingsOf(file: SourceFile, breach: Breach): Finding[] {
  return file.positions.flatMap((position) => {
    const message = breach(position, file);
    return message === null ? [] : [{ at: position.node.start, message }];
  });
}

function unparsable({ node }: Position): string | null {
  return node.type === 'Unparsable' ? String(node['message']) : null;
}

function anyType({ node }: Position, file: SourceFile): string | null {
  if (node.type !== 'TSAnyKeyword' || mayUseAny(file.path)) return null;
  return 'say what it is, or take `unknown` and narrow it';
}

function consoleUse({ node, parent }: Position, file: SourceFile): string | null {
  if (nameOf(node) !== 'console' || parent?.node.type !== 'MemberExpression' || mayPrint(file.path))
    return null;
  return 'log through the logger of the context';
}

function clockUse({ node }: Position, file: SourceFile): string | null {
  if (mayReadClock(file.path)) return null;
  const isNewDate = node.type === 'NewExpression' && nameOf(node['callee']) === 'Date';
  if (!isNewDate && !['Date.now', 'Temporal.Now'].includes(memberPath(node) ?? '')) return null;
  return 'take the moment as an argument; the clock is kernel/time.ts';
}

function environmentUse({ node }: Position, file: SourceFile): string | null {
  if (memberPath(node) !== 'process.env' || mayReadEnvironment(file.path)) return null;
  return 'read it in config.ts and pass it on';
}

/**
 * Amounts and quantities live in the engine and the areas, so these folders may not turn anything into a
 * binary float: `Number.parseInt` and integers that a schema has checked do for what is not an amount.
 */
function floatAmount({ node }: Position, file: SourceFile): string | null {
  if (file.isTest || !/^server\/src\/(engine|areas)\//.test(file.path)) return null;
  return isFloatConversion(node) ? 'amounts stay Decimal' : null;
}

function isFloatConversion(node: Position['node']): boolean {
  if (node.type === 'UnaryExpression') return node['operator'] === '+' && !isNumberLiteral(node['argument']);
  if (node.type !== 'CallExpression') return false;
  const callee = node['callee'] as Position['node'];
  if (['Number', 'parseFloat'].includes(nameOf(callee) ?? '')) return true;
  if (memberPath(callee) === 'Number.parseFloat') return true;
  return callee.type === 'MemberExpression' && nameOf(callee['property']) === 'toNumber';
}

function isNumberLiteral(node: unknown): boolean {
  return typeof (node as Record<string, unknown>)['value'] === 'number';
}

function focusedTest({ node }: Position, file: SourceFile): string | null {
  if (!file.isTest || node.type !== 'MemberExpression') return null;
  const modifier = nameOf(node['property']) ?? '';
  if (!['only', 'skip', 'todo'].includes(modifier)) return null;
  return RUNNERS.includes(leftmostName(node['object']) ?? '') ? `.${modifier} leaves tests out` : null;
}

function defaultExport({ node }: Position, file: SourceFile): string | null {
  if (node.type !== 'ExportDefaultDeclaration' || /\.config\.ts$/.test(file.path)) return null;
  return 'export it by name';
}

function enumOrNamespace({ node }: Position): string | null {
  if (node.type === 'TSEnumDeclaration') return 'a union of strings';
  if (node.type !== 'TSModuleDeclaration' || node['kind'] !== 'namespace') return null;
  return 'a file is the namespace';
}

function classDeclaration({ node }: Position, file: SourceFile): string | null {
  if (!/^Class(Declaration|Expression)$/.test(node.type) || mayDeclareClasses(file.path)) return null;
  if (/Error$/.test(nameOf(node['superClass']) ?? '')) return null;
  return 'functions over plain values; only errors and owners of a connection are classes';
}

/** `const f = () => …` at the top of a file: a function that reads as a value and has no hoisting. */
function arrowConstant({ node, parent }: Position): string | null {
  if (node.type !== 'VariableDeclarator') return null;
  const statement = parent?.parent?.node.type ?? '';
  if (statement !== 'Program' && statement !== 'ExportNamedDeclaration') return null;
  const value = (node['init'] as Position['node'] | null)?.type ?? '';
  return /^(Arrow)?Function(Expression)?$/.test(value) ? 'write `function`' : null;
}

/** A note of unfinished work names its issue, and no check is switched off. Literals are not looked at. */
function unfinishedNotes(file: SourceFile): Finding[] {
  const text = textOutsideLiterals(file);
  const notes = [...text.matchAll(/\b(?:TODO|FIXME|XXX)\b(?!\(#\d+\))/g)].map((match) => ({
    at: match.index,
    message: 'name the issue: (#12) behind the word, or do it',
  }));
  const switches = [...text.matchAll(/@ts-(?:ignore|nocheck)|eslint-disable/g)].map((match) => ({
    at: match.index,
    message: 'a check is switched off',
  }));
  return [...notes, ...switches];
}

/** The text with the insides of strings, templates and regular expressions blanked out. */
function textOutsideLiterals(file: SourceFile): string {
  const spans = file.positions
    .filter(
      ({ node }) => node.type === 'TemplateElement' || (node.type === 'Literal' && isQuoted(node, file)),
    )
    .map(({ node }) => node);
  let text = file.text;
  for (const { start, end } of spans) {
    text = text.slice(0, start) + ' '.repeat(end - start) + text.slice(end);
  }
  return text;
}

function isQuoted(node: Position['node'], file: SourceFile): boolean {
  return /^['"/]/.test(file.text.slice(node.start, node.start + 1));
}

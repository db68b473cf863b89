// Spec 20 §5.6: what a calculation names.
import { constantOf } from './constants.ts';
import type { Expression } from './syntax.ts';

/** Every node of the tree in the order of the text, by a loop: chains may be too long to recurse along. */
export function nodesOf(root: Expression): readonly Expression[] {
  const nodes: Expression[] = [];
  const waiting: Expression[] = [root];
  for (let node = waiting.pop(); node; node = waiting.pop()) {
    nodes.push(node);
    waiting.push(...childrenOf(node).toReversed());
  }
  return nodes;
}

function childrenOf(node: Expression): readonly Expression[] {
  switch (node.kind) {
    case 'call':
      return node.args;
    case 'unary':
    case 'cast':
      return [node.operand];
    case 'binary':
      return [node.left, node.right];
    case 'in':
      return [node.left, ...node.list];
    case 'condition':
      return [node.test, node.yes, node.no];
    default:
      return [];
  }
}

/** The names that need an environment: constants are left out. A name that occurs twice is listed twice. */
export function pathsOf(root: Expression): readonly (readonly string[])[] {
  return nodesOf(root).flatMap((node) => (node.kind === 'path' && !constantOf(node.path) ? [node.path] : []));
}

/** Codes of the lookup tables that the calculation names, each once. */
export function lookupTablesOf(root: Expression): readonly string[] {
  const codes = nodesOf(root).flatMap((node) => {
    const table = node.kind === 'call' && node.name.startsWith('Lookup.') ? node.args[0] : undefined;
    return table?.kind === 'text' ? [table.value] : [];
  });
  return [...new Set(codes)];
}

/** Text literals in the places of lookup keys, which may stand for data fields (spec 20 §15.6); each once. */
export function lookupKeyLiteralsOf(root: Expression): readonly string[] {
  const texts = nodesOf(root).flatMap((node) => {
    if (node.kind !== 'call' || !node.name.startsWith('Lookup.')) return [];
    const keys = node.args.slice(node.name === 'Lookup.exists' ? 1 : 3);
    return keys.flatMap((key) => (key.kind === 'text' ? [key.value] : []));
  });
  return [...new Set(texts)];
}

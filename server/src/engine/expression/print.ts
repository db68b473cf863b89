// Spec 20 §5.1-5.2: a tree as text again, with only the parentheses that it needs.
import { PLAIN_NAME } from './parse.ts';
import { type Binary, type Expression, type Membership, PRECEDENCE, UNARY_PRECEDENCE } from './syntax.ts';

const CONDITION_PRECEDENCE = 0;
const PRIMARY_PRECEDENCE = 9;

/** The calculation as text; parsing it again gives the same tree. */
export function printExpression(root: Expression): string {
  return printed(root, CONDITION_PRECEDENCE);
}

/** The text of the node, in parentheses when it binds less tightly than its place demands. */
function printed(node: Expression, tightness: number): string {
  const text = textOfNode(node);
  return precedenceOf(node) < tightness ? `(${text})` : text;
}

function precedenceOf(node: Expression): number {
  if (node.kind === 'binary') return PRECEDENCE[node.operator];
  if (node.kind === 'in') return PRECEDENCE.IN;
  if (node.kind === 'condition') return CONDITION_PRECEDENCE;
  return node.kind === 'unary' || node.kind === 'cast' ? UNARY_PRECEDENCE : PRIMARY_PRECEDENCE;
}

function textOfNode(node: Expression): string {
  switch (node.kind) {
    case 'number':
      return Math.abs(node.value.e) > 40 ? node.value.toExponential() : node.value.toFixed();
    case 'text':
      return quotedText(node.value);
    case 'constant':
      return String(node.value);
    case 'path':
      return pathText(node.path);
    case 'call':
      return `${node.name}(${listText(node.args)})`;
    case 'unary':
      return `${node.operator}${printed(node.operand, UNARY_PRECEDENCE)}`;
    case 'cast':
      return `(${node.type}) ${printed(node.operand, UNARY_PRECEDENCE)}`;
    case 'condition': {
      const branches = [node.yes, node.no].map((branch) => printed(branch, CONDITION_PRECEDENCE));
      return `${printed(node.test, PRECEDENCE.OR)} ? ${branches.join(' : ')}`;
    }
    default:
      return chainText(node);
  }
}

/** A chain of operators is written from its left end, since it may be too long to recurse along. */
function chainText(node: Binary | Membership): string {
  if (node.kind === 'binary' && node.operator === '^') {
    return `${printed(node.left, PRIMARY_PRECEDENCE)} ^ ${printed(node.right, UNARY_PRECEDENCE)}`;
  }
  const links: (Binary | Membership)[] = [];
  let start: Expression = node;
  let tightness = CONDITION_PRECEDENCE;
  while (isChainLink(start) && precedenceOf(start) >= tightness) {
    links.push(start);
    tightness = precedenceOf(start);
    start = start.left;
  }
  const parts = links.reverse().map(linkText);
  return [printed(start, tightness), ...parts].join(' ');
}

function isChainLink(node: Expression): node is Binary | Membership {
  return node.kind === 'in' || (node.kind === 'binary' && node.operator !== '^');
}

function linkText(node: Binary | Membership): string {
  if (node.kind === 'in') return `IN (${listText(node.list)})`;
  return `${node.operator} ${printed(node.right, PRECEDENCE[node.operator] + 1)}`;
}

function listText(items: readonly Expression[]): string {
  return items.map((item) => printed(item, CONDITION_PRECEDENCE)).join(', ');
}

function pathText(path: readonly string[]): string {
  const members = path.map((name, index) => {
    if (index === 0) return name;
    return PLAIN_NAME.test(name) ? `.${name}` : `[${quotedText(name)}]`;
  });
  return members.join('');
}

function quotedText(value: string): string {
  return JSON.stringify(value);
}

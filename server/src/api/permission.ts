import { uuidFromText } from '../kernel/ids.ts';

/** One statement of a permission policy (spec 10 §17.1), lower case as on the wire. */
export type Statement = {
  readonly effect: 'allow' | 'deny';
  readonly action: readonly string[];
  readonly resource: readonly string[];
};

/**
 * What an operation needs: an action such as `config:retrieve` on a type such as `config:plan` (spec
 * 10 §17.4).
 */
export type Permission = { readonly action: string; readonly resource: string };

/** What statements of one effect name of a resource type: all of it, or single items and groups. */
export type Reach = {
  readonly all: boolean;
  readonly items: readonly string[];
  readonly groups: readonly string[];
  /** Whatever is in some group. */
  readonly anyGroup: boolean;
};

/**
 * Whether the statements allow the action on some item of the type: a deny of the whole type wins, a deny of
 * single items does not close it (spec 10 §17.5). What is yet to be created is no single item.
 */
export function isAllowed(statements: readonly Statement[], needed: Permission): boolean {
  const { allowed, denied } = reachesOf(statements, needed);
  if (denied.all || allowed.all) return !denied.all;
  if (needed.action === 'config:create') return false;
  return allowed.items.length > 0 || allowed.groups.length > 0 || allowed.anyGroup;
}

/** Whether the statements deny the action on the whole type. */
export function isDenied(statements: readonly Statement[], needed: Permission): boolean {
  return reachesOf(statements, needed).denied.all;
}

/** What the statements allow and deny of the action on the type; a deny wins over any allow. */
export function reachesOf(
  statements: readonly Statement[],
  needed: Permission,
): { readonly allowed: Reach; readonly denied: Reach } {
  const matching = statements.filter((statement) => hasAction(statement, needed.action));
  const reach = (effect: Statement['effect']) =>
    reachOf(
      matching.filter((statement) => statement.effect === effect).flatMap(({ resource }) => resource),
      needed.resource,
    );
  return { allowed: reach('allow'), denied: reach('deny') };
}

function reachOf(patterns: readonly string[], resource: string): Reach {
  const found = patterns.map(segmentsOf).filter((segments) => touches(segments, resource));
  const named = found.map(([, , kind = '*', id = '*']) => ({ kind, id }));
  const idsOf = (kind: string) =>
    named
      .filter((one) => one.kind === kind || one.kind === '*')
      .map((one) => uuidFromText(one.id))
      .filter((id) => id !== null);
  return {
    all: named.some(({ kind, id }) => id === '*' && kind !== 'group'),
    items: idsOf('item'),
    groups: idsOf('group'),
    anyGroup: named.some(({ kind, id }) => id === '*' && kind === 'group'),
  };
}

function hasAction(statement: Statement, action: string): boolean {
  return statement.action.some((a) => a === '*' || a === 'all' || a.toLowerCase() === action.toLowerCase());
}

/** Types that statements may also name under `config` (spec 10 §17.3). */
const BILLING_TYPES = new Set(['bill', 'billconfig', 'billjob', 'lineitem', 'statementjob']);

/**
 * Pattern `service:type/item-type/id`, in lower case; missing segments stand for all. Users have two names.
 */
function segmentsOf(pattern: string): string[] {
  const [head = '', ...rest] = pattern.toLowerCase().split('/');
  const [service = '', type = '*'] = head.split(':');
  if (type === 'orguser') return [service, 'user', ...rest];
  return [service === 'config' && BILLING_TYPES.has(type) ? 'billing' : service, type, ...rest];
}

function touches([service, type]: readonly string[], resource: string): boolean {
  const [wantedService, wantedType] = resource.toLowerCase().split(':');
  return (service === '*' || service === wantedService) && (type === '*' || type === wantedType);
}

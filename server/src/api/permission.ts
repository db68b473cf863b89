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

/**
 * Whether the statements allow the action on an item, or on some item of the type when no id is given: any
 * matching deny wins, then any allow, else no (spec 10 §17.5). A deny of single items does not close the
 * type.
 */
export function isAllowed(statements: readonly Statement[], needed: Permission, id?: string): boolean {
  const matching = statements.filter((statement) => hasAction(statement, needed.action));
  const target = id ? [needed.resource, 'item', id] : [needed.resource];
  const denied = matching.some((s) => s.effect === 'deny' && s.resource.some((r) => covers(r, target)));
  if (denied) return false;
  return matching.some(
    (s) =>
      s.effect === 'allow' && s.resource.some((r) => (id ? covers(r, target) : touches(r, needed.resource))),
  );
}

function hasAction(statement: Statement, action: string): boolean {
  return statement.action.some((a) => a === '*' || a === 'all' || a.toLowerCase() === action.toLowerCase());
}

/** Pattern `service:type/item-type/id`; missing segments and a trailing `*` match everything below. */
function segmentsOf(pattern: string): string[] {
  const [head = '', ...rest] = pattern.split('/');
  const [service = '', type = '*'] = head.split(':');
  return [service, type, ...rest];
}

function covers(pattern: string, target: readonly string[]): boolean {
  if (pattern === '*') return true;
  const wanted = segmentsOf(pattern);
  const [typeName = '', ...item] = target;
  const actual = [...typeName.split(':'), ...item];
  return wanted.every((segment, i) => {
    if (segment === '*') return true;
    const other = actual[i];
    return other !== undefined && segment.toLowerCase() === other.toLowerCase();
  });
}

function touches(pattern: string, resource: string): boolean {
  const [service, type] = segmentsOf(pattern);
  const [wantedService, wantedType] = resource.split(':');
  const same = (a: string | undefined, b: string | undefined) =>
    a === '*' || a?.toLowerCase() === b?.toLowerCase();
  return pattern === '*' || (same(service, wantedService) && same(type, wantedType));
}

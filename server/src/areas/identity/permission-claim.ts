import type { Statement } from '../../api/permission.ts';

/** A header has to fit into 16 kB; a principal with more permissions gets a token without the claim. */
const MAX_ENTRIES = 100;

/**
 * What the statements allow, as a map for the `permissions` claim of a token: keys such as
 * `METER#CONFIG_RETRIEVE#ITEM#*`, false for what is denied. It only informs: each request reads the
 * permissions anew (spec 10 §12). Undefined when there are too many to fit.
 */
export function permissionClaim(statements: readonly Statement[]): Record<string, boolean> | undefined {
  const entries = statements.flatMap(({ effect, action, resource }) =>
    resource.flatMap((pattern) => action.map((name) => [keyOf(name, pattern), effect === 'allow'] as const)),
  );
  if (entries.length > MAX_ENTRIES) return undefined;
  const denied = entries.filter(([, isAllowed]) => !isAllowed);
  return Object.fromEntries([...entries, ...denied]);
}

function keyOf(action: string, pattern: string): string {
  const [head = '', kind = '*', id = '*'] = pattern.split('/');
  const [service = '', type = '*'] = head.split(':');
  const isEverything = head === '*' || service === '*';
  const named = type === '*' ? service : type;
  const resource = isEverything && type === '*' ? 'ALL' : named.toUpperCase();
  const actionName = action === '*' ? 'ALL' : action.toUpperCase().replaceAll(':', '_');
  return `${resource}#${actionName}#${kind === '*' ? 'ITEM' : kind.toUpperCase()}#${id}`;
}

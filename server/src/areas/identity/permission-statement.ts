import { group, list, oneOf, text } from '../../api/fields.ts';
import { resourcePattern } from './resource-types.ts';

/** What a statement can allow or deny, as on the wire (spec 10 §17.2). */
const ACTIONS = [
  'all',
  '*',
  'config:create',
  'config:retrieve',
  'config:update',
  'config:delete',
  'config:export',
  'analytics:query',
  'measurements:upload',
  'measurements:fileupload',
  'measurements:fileUpload',
  'measurements:retrieve',
  'measurements:export',
  'forecast:retrieve',
  'healthscores:retrieve',
  'anomalies:retrieve',
  'exports:download',
  'marketplaceusage:create',
  'marketplaceusage:retrieve',
  'audit:retrieve',
] as const;

/** The statements of a policy, one at least unless told otherwise; kept as they were sent (spec 10 §17.1). */
export function permissionStatements({ min = 1 }: { min?: number } = {}) {
  const resource = text({
    max: 300,
    pattern: resourcePattern(),
    says: 'must name a resource such as config:plan/item/<id>, config:meter/* or *',
  });
  const statement = group({
    effect: oneOf(['allow', 'deny']),
    action: list(oneOf(ACTIONS), { min: 1 }),
    resource: list(resource, { min: 1 }),
  });
  return list(statement, { min });
}

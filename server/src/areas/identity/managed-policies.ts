import type { Statement } from '../../api/permission.ts';

/** Policies that every organization has and nobody can change (spec 10 §17.6). */
export const MANAGED_POLICIES: readonly { name: string; permissionPolicy: readonly Statement[] }[] = [
  { name: 'Administrator', permissionPolicy: [{ effect: 'allow', action: ['all'], resource: ['*'] }] },
  {
    name: 'ReadOnly',
    permissionPolicy: [
      {
        effect: 'allow',
        action: [
          'config:retrieve',
          'analytics:query',
          'measurements:retrieve',
          'exports:download',
          'audit:retrieve',
        ],
        resource: ['*'],
      },
    ],
  },
];

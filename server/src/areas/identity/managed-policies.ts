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
  {
    name: 'Billing',
    permissionPolicy: [
      { effect: 'allow', action: ['config:retrieve'], resource: ['*'] },
      {
        effect: 'allow',
        action: ['config:create', 'config:update', 'config:delete'],
        resource: [
          'billing:*',
          'config:balance/*',
          'config:balancetransaction/*',
          'config:commitment/*',
          'config:counteradjustment/*',
          'config:charge/*',
        ],
      },
      { effect: 'allow', action: ['analytics:query'], resource: ['analytics:*'] },
      { effect: 'allow', action: ['exports:download'], resource: ['exports:*'] },
    ],
  },
  {
    name: 'Measurements Upload',
    permissionPolicy: [
      {
        effect: 'allow',
        action: ['measurements:upload', 'measurements:fileupload'],
        resource: ['measurements:*'],
      },
    ],
  },
];

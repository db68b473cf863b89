import { secretNames } from './credential-types.ts';
import type { System } from './systems.ts';

/** One thing that a form asks for (spec 60 §6.2). */
export type Setting = {
  readonly name: string;
  readonly label: string;
  readonly type: 'STRING' | 'NUMBER' | 'BOOLEAN' | 'SELECT' | 'MULTI_SELECT' | 'ACCOUNTS';
  readonly required: boolean;
  readonly default?: unknown;
  readonly values?: readonly string[];
  /** The pick option whose values are offered. */
  readonly valuesFrom?: string;
};

/** Which accounts something is sent for; both empty: for all (spec 60 §6.4). */
const ACCOUNT_SETTINGS: readonly Setting[] = [
  { name: 'accountIds', label: 'Only these accounts', ...accounts('accountIds') },
  { name: 'restrictedAccountIds', label: 'Never these accounts', ...accounts('restrictedAccountIds') },
];

const BILL_SETTINGS: readonly Setting[] = [
  {
    name: 'sendOnApprovalOnly',
    label: 'Send bills only when they are approved',
    type: 'BOOLEAN',
    required: false,
    default: false,
  },
];

const SPLIT_SETTING: Setting = {
  name: 'splitUsageLineItems',
  label: 'One line for each band of a pricing',
  type: 'BOOLEAN',
  required: false,
  default: false,
};

/** What every configuration of a connection can say. */
export const GLOBAL_SETTINGS: readonly Setting[] = [
  ...ACCOUNT_SETTINGS,
  {
    name: 'notifyUserIds',
    label: 'Users who are told when the integration is switched off',
    type: 'MULTI_SELECT',
    required: false,
    valuesFrom: 'notifyUserIds',
  },
];

function accounts(valuesFrom: string) {
  return { type: 'ACCOUNTS', required: false, valuesFrom } as const;
}

/** What a configuration of this entity type can say, whatever it is sent to. */
export function entitySettings(entityType: string): readonly Setting[] {
  if (entityType === 'Notification') return [];
  return entityType === 'Bill' ? [...ACCOUNT_SETTINGS, ...BILL_SETTINGS] : ACCOUNT_SETTINGS;
}

/** What a configuration can say because of the system that it sends to. */
export function destinationSettings(system: System, entityType: string): readonly Setting[] {
  return entityType === 'Bill' && !system.isInstalled ? [SPLIT_SETTING] : [];
}

/** What signing in to the system takes; webhooks carry their own credentials. */
export function authSettings({ credentialType, isInstalled }: System): readonly Setting[] {
  if (credentialType === null || isInstalled) return [];
  return secretNames(credentialType).map((name) => ({ name, label: name, type: 'STRING', required: true }));
}

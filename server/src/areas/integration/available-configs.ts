import { type RawBuilder, sql } from 'kysely';
import { z } from 'zod';
import { flag, freeObject, list, oneOf, optional, text } from '../../api/fields.ts';
import { textParameter } from '../../api/filters.ts';
import { allowedConditions } from '../../api/item-permission.ts';
import { type AnyCall, defineOperation } from '../../api/operation.ts';
import type { Row } from '../../store/database.ts';
import { account } from '../accounts/index.ts';
import { orgUser } from '../identity/index.ts';
import { authSettings, destinationSettings, entitySettings, GLOBAL_SETTINGS } from './config-settings.ts';
import { integrationConfig } from './integration-config.ts';
import { AUTH_TYPES, canonicalDestination, SYSTEMS, type System, systemNamed } from './systems.ts';

const declared = {
  method: 'GET',
  tag: integrationConfig.name,
  permission: { action: 'config:retrieve', resource: integrationConfig.permission },
  answers: 'whole',
} as const;

function settings() {
  return list(freeObject());
}

/** What can be sent where, and what this organization sends already (spec 60 §6.2). */
export const getAvailableConfig = defineOperation({
  ...declared,
  id: 'GetAvailableConfig',
  path: '/integrationconfigs/available',
  summary: 'get what integrations can be configured',
  query: z.object({ systemName: textParameter(), entityType: textParameter() }),
  response: z.object({
    supportedEntities: freeObject(),
    selectedConfigurations: freeObject(),
    globalConfigurationOptions: settings(),
  }),
  handle: async (call) => {
    const { systemName, entityType } = call.query;
    const systems = systemName === undefined ? SYSTEMS : systemsNamed(systemName);
    const types = entityTypesOf(systems).filter(
      (type) => entityType === undefined || sameText(type, entityType),
    );
    return {
      supportedEntities: Object.fromEntries(types.map((type) => [type, entityConfiguration(type, systems)])),
      selectedConfigurations: await selectedConfigurations(call, { systemName, entityType }),
      globalConfigurationOptions: GLOBAL_SETTINGS,
    };
  },
});

/** The systems that an entity type can be sent to, or all. */
export const getAvailableSystems = defineOperation({
  ...declared,
  id: 'GetAvailableSystems',
  path: '/integrationconfigs/available/systems',
  summary: 'list the systems that integrations can send to',
  query: z.object({ entityType: textParameter() }),
  response: list(
    z.object({
      identifier: text(),
      displayName: text(),
      validationSupported: flag(),
      supportedAuthTypes: list(oneOf(AUTH_TYPES)),
    }),
  ),
  handle: async ({ query: { entityType } }) => {
    const found = entityType === undefined ? SYSTEMS : SYSTEMS.filter((system) => sends(system, entityType));
    return found.map(({ name, displayName, authType }) => ({
      identifier: name,
      displayName,
      // Only a connector could ask its system whether a configuration is right.
      validationSupported: false,
      supportedAuthTypes: [authType],
    }));
  },
});

/** What can be sent to one system; nothing to an unknown one. */
export const getAvailableSystemEntities = defineOperation({
  ...declared,
  id: 'GetAvailableSystemEntities',
  path: '/integrationconfigs/available/{systemName}/entities',
  summary: 'list the entity types that can be sent to a system',
  response: list(freeObject()),
  handle: async ({ params }) => {
    const systems = systemsNamed(params['systemName'] ?? '');
    return entityTypesOf(systems).map((type) => ({
      entityType: type,
      ...entityConfiguration(type, systems),
    }));
  },
});

/** What signing in to a system takes. */
export const getAvailableAuth = defineOperation({
  ...declared,
  id: 'GetAvailableAuthForSystemAndEntityType',
  path: '/integrationconfigs/available/{systemName}/auth/{entityType}',
  summary: 'list the credentials that a system takes',
  response: settings(),
  handle: async ({ params }) => systemsNamed(params['systemName'] ?? '').flatMap(authSettings),
});

const MAX_VALUES = 200;
const ACCOUNT_OPTIONS = ['accountIds', 'restrictedAccountIds'];

/** What can be picked for an option; nothing where values can only be written. */
export const getConfigOptionValues = defineOperation({
  ...declared,
  id: 'GetConfigOptionValues',
  path: '/integrationconfigs/values/{systemName}/{configOption}',
  summary: 'list what can be picked for an option of an integration',
  response: list(z.object({ id: optional(text()), label: optional(text()) })),
  handle: async (call) => {
    const option = call.params['configOption'] ?? '';
    if (option === 'notifyUserIds') return pickable(call, orgUser, USER_LABEL);
    return ACCOUNT_OPTIONS.includes(option) ? pickable(call, account, sql`account.name`) : [];
  },
});

const USER_LABEL = sql`(select concat_ws(' ', first_name, last_name, '<' || email || '>')
  from person where person.id = org_user.id)`;

type Picked = { readonly id: string; readonly label: string };

/** The entities that the caller may see, by their labels. */
async function pickable(
  call: AnyCall,
  { table, permission: resource }: { readonly table: string; readonly permission: string },
  label: RawBuilder<unknown>,
): Promise<readonly Picked[]> {
  const allowed = allowedConditions(call, { action: 'config:retrieve', resource }, { table });
  const { rows } = await sql<Picked>`select id, ${label} as label from ${sql.table(table)}
    where ${sql.join([sql`org_id = ${call.orgId}`, ...allowed], sql` and `)}
    order by label, id limit ${MAX_VALUES}`.execute(call.ctx.db);
  return rows;
}

function systemsNamed(name: string): readonly System[] {
  const found = systemNamed(name);
  return found === null ? [] : [found];
}

function entityTypesOf(systems: readonly System[]): readonly string[] {
  return [...new Set(systems.flatMap(({ entities }) => entities))];
}

function sends({ entities }: System, entityType: string): boolean {
  return entities.some((type) => sameText(type, entityType));
}

function sameText(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

function entityConfiguration(entityType: string, systems: readonly System[]): Row {
  return {
    readableName: entityType.replace(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`),
    released: true,
    entityConfigurationOptions: entitySettings(entityType),
    destinations: systems
      .filter((system) => sends(system, entityType))
      .map((system) => destinationConfiguration(system, entityType)),
  };
}

function destinationConfiguration(system: System, entityType: string): Row {
  return {
    apiName: system.apiName,
    destination: system.name,
    displayName: system.displayName,
    destinationConfigOptions: destinationSettings(system, entityType),
    authConfigOptions: authSettings(system),
    authType: system.authType,
    categories: system.categories,
    released: system.isInstalled,
  };
}

type Wanted = { readonly systemName: string | undefined; readonly entityType: string | undefined };

/** By entity type, the settings of the oldest configuration with the values that it has. */
async function selectedConfigurations({ ctx, orgId }: AnyCall, wanted: Wanted): Promise<Row> {
  const destination = wanted.systemName === undefined ? null : canonicalDestination(wanted.systemName);
  const type = wanted.entityType ?? null;
  const { rows } = await sql<{ entityType: string; configData: Row }>`
    select distinct on (entity_type) entity_type, config_data from integration_config
    where org_id = ${orgId} and (${destination}::text is null or destination = ${destination})
      and (${type}::text is null or lower(entity_type) = lower(${type}))
    order by entity_type, dt_created, id`.execute(ctx.db);
  const selected = rows.map(({ entityType, configData }) => [
    entityType,
    entitySettings(entityType)
      .filter(({ name }) => configData[name] !== undefined)
      .map((setting) => ({ ...setting, value: configData[setting.name] })),
  ]);
  return Object.fromEntries(selected);
}

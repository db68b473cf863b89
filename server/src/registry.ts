import type { PublicRoute } from './api/app.ts';
import type { Operation } from './api/operation.ts';
import type { Resource } from './api/resource-spec.ts';
import type { Singleton } from './api/singleton.ts';
import { product } from './areas/catalog/index.ts';
import { currentUser, issueToken } from './areas/identity/index.ts';
import { currency, organizationConfig } from './areas/organization/index.ts';

/** Every resource of the product, one line each. */
export const resources: readonly Resource<any>[] = [currency, product];

/** Documents that every organization has once. */
export const singletons: readonly Singleton<any>[] = [organizationConfig];

/** Operations that are not one of a resource's five. */
const actions: readonly Operation[] = [currentUser];

/** Everything that is served below `/organizations/{orgId}`. */
export const operations: readonly Operation[] = [
  ...actions,
  ...singletons.flatMap((singleton) => singleton.operations),
  ...resources.flatMap((resource) => resource.operations),
];

/** Routes outside of the tenant path. */
export const publicRoutes: readonly PublicRoute[] = [issueToken];

import { expect } from 'vitest';
import type { TestServer } from './stores.ts';

export type Made = { readonly id: string; readonly version: number; readonly [field: string]: unknown };

let serial = 0;

/** A code that no other entity of this run has. */
export function freshCode(prefix: string): string {
  serial += 1;
  return `${prefix}_${serial}`;
}

/** Creates an entity and expects it to be accepted. */
export async function created(server: TestServer, path: string, body: object): Promise<Made> {
  const answer = await server.request('POST', path, body);
  expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 200 });
  return answer.body as Made;
}

export function account(server: TestServer, fields: object = {}): Promise<Made> {
  const required = { name: 'Acme', code: freshCode('account'), emailAddress: 'billing@acme.example' };
  return created(server, '/accounts', { ...required, ...fields });
}

export function product(server: TestServer): Promise<Made> {
  return created(server, '/products', { name: 'Inference', code: freshCode('product') });
}

/** A plan of the product, or of a product of its own, in a monthly template of its own. */
export async function plan(server: TestServer, fields: Record<string, unknown> = {}): Promise<Made> {
  const { productId = (await product(server)).id, ...rest } = fields;
  const template = { name: 'Monthly', currency: 'USD', standingCharge: 0, billFrequency: 'MONTHLY' };
  const { id } = await created(server, '/plantemplates', { ...template, productId });
  return created(server, '/plans', { planTemplateId: id, name: 'Pro', code: freshCode('plan'), ...rest });
}

export function planGroup(server: TestServer, fields: object = {}): Promise<Made> {
  return created(server, '/plangroups', { name: 'Bundle', currency: 'USD', ...fields });
}

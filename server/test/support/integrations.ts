import { sql } from 'kysely';
import { expect } from 'vitest';
import { dispatchEvents, sendIntegrationRun } from '../../src/areas/integration/index.ts';
import { created, freshCode, type Made } from './configured.ts';
import type { TestServer } from './stores.ts';

export type Run = Made & {
  readonly entityType: string;
  readonly entityId: string;
  readonly status: string;
  readonly error?: string;
  readonly dtStarted?: string;
  readonly dtCompleted?: string;
  readonly externalId?: string;
  readonly url?: string;
  readonly replayedFromIntegrationRunId?: string;
};

export function webhook(server: TestServer, url: string, fields: object = {}): Promise<Made> {
  return created(server, '/integrationdestinations/webhooks', {
    name: 'Hook',
    description: 'Receives what happens',
    url,
    credentials: { type: 'M3TER_SIGNED_REQUEST', apiKey: 'key-1', secret: 's3cr3t' },
    ...fields,
  });
}

/** An active rule that fires on every event of the name. */
export function rule(server: TestServer, eventName: string, fields: object = {}): Promise<Made> {
  return created(server, '/notifications/configurations', {
    name: 'Rule',
    description: 'Tells what happens',
    code: freshCode('rule'),
    eventName,
    active: true,
    alwaysFireEvent: true,
    ...fields,
  });
}

/** Sends what a rule tells to a webhook. */
export function linked(server: TestServer, { id: entityId }: Made, hook: Made): Promise<Made> {
  return created(server, '/integrationconfigs', {
    entityType: 'Notification',
    entityId,
    destination: 'Webhook',
    destinationId: hook.id,
    configData: {},
  });
}

/** Acts on everything that has happened, in a server that does not work by itself. */
export async function dispatchAll(server: TestServer): Promise<void> {
  while (await dispatchEvents(server.context)) {
    // Until the queue is empty.
  }
}

/** The runs of an entity, oldest first. */
export async function runsOf(
  server: TestServer,
  entityType: string,
  entityId: string,
): Promise<readonly Run[]> {
  const answer = await server.request('GET', `/integrationruns/${entityType}/${entityId}?order=ASC`);
  expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 200 });
  return (answer.body as { data: Run[] }).data;
}

/** Does the next attempt of a run now, whenever it is due, and answers the run. */
export async function attempt(server: TestServer, { id }: { readonly id: string }): Promise<Run> {
  const { rows } = await sql<{
    attempts: number;
  }>`select attempts from integration_run where id = ${id}`.execute(server.context.db);
  const payload = { orgId: server.orgId, runId: id, attempt: rows[0]?.attempts ?? 0 };
  await sendIntegrationRun.run(server.context, payload);
  return (await server.request('GET', `/integrationruns/${id}`)).body as Run;
}

export type Event = {
  readonly id: string;
  readonly eventName: string;
  readonly eventTime: string;
  readonly m3terEvent: { readonly eventData: Record<string, unknown> };
};

/** Events, latest first. */
export async function events(server: TestServer, query: Record<string, string>): Promise<readonly Event[]> {
  const answer = await server.request('GET', `/events?${new URLSearchParams(query)}`);
  expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 200 });
  return (answer.body as { data: Event[] }).data;
}

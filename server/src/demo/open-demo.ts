import { createAdministeredOrganization } from '../areas/identity/index.ts';
import { type Config, urlAt } from '../config.ts';
import { startServer } from '../server.ts';
import { type Access, type ApiClient, openClient } from './api-client.ts';

/** A signed-in client for the demo, what to tell when it is over, and how to let go. */
export type Demo = { readonly client: ApiClient; readonly farewell: string; close(): Promise<void> };

/**
 * The demo works on a running server when its address answers and METERBOOK_BOOTSTRAP_ORG_ID, _ACCESS_KEY_ID
 * and _API_SECRET say how to sign in; otherwise it starts the server itself, with an organization of its own.
 */
export async function openDemo(config: Config): Promise<Demo> {
  const running = await runningServer(config);
  if (running)
    return { client: await openClient(running), farewell: farewell(running, ''), close: async () => {} };
  const server = await startServer({ ...config, port: 0, logLevel: 'warn' });
  try {
    const { orgId, accessKeyId, apiSecret } = await createAdministeredOrganization(
      server.context,
      'Meterbook demo',
    );
    const access = { baseUrl: server.address ?? '', orgId, accessKeyId, apiSecret };
    const later = { ...access, baseUrl: urlAt(config.host, config.port) };
    const hint = 'Start the server with "npm start" to look further.\n';
    return { client: await openClient(access), farewell: farewell(later, hint), close: server.close };
  } catch (error) {
    await server.close();
    throw error;
  }
}

async function runningServer(config: Config): Promise<Access | null> {
  const { orgId, accessKeyId, apiSecret } = config.bootstrap;
  if (orgId === null || accessKeyId === null || apiSecret === null) return null;
  const answer = await fetch(`${config.publicUrl}/readyz`).catch(() => null);
  return answer?.status === 200 ? { baseUrl: config.publicUrl, orgId, accessKeyId, apiSecret } : null;
}

function farewell({ baseUrl, orgId, accessKeyId, apiSecret }: Access, hint: string): string {
  return [
    `${hint}  address        ${baseUrl}`,
    `  organization   ${orgId}`,
    `  access key id  ${accessKeyId}`,
    `  API secret     ${apiSecret}`,
  ].join('\n');
}

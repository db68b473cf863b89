import type { FastifyInstance } from 'fastify';
import { buildApp } from './api/app.ts';
import { bootstrap, type Credentials, itemTable, noteWrite, principalOf } from './areas/identity/index.ts';
import { type Config, urlAt } from './config.ts';
import { type Context, type ContextOptions, isReady, openContext } from './context.ts';
import type { BackgroundLoop } from './jobs/background-loop.ts';
import { startWorker } from './jobs/worker.ts';
import { reasonOf, StartError } from './kernel/start-error.ts';
import { operations, publicRoutes } from './registry.ts';
import { cronLines, loops, tasks } from './registry-jobs.ts';
import { migrate } from './store/migrate.ts';

export type Server = {
  /** Where it listens; null when it only works. */
  readonly address: string | null;
  readonly context: Context;
  /** Null when it only works. */
  readonly app: FastifyInstance | null;
  /** Null unless this was the first start. */
  readonly credentials: Credentials | null;
  /** Answers the open requests, ends the running jobs, stops the stores. May be called twice. */
  close(): Promise<void>;
};

/** `api` takes requests only, `work` runs jobs only; without a role the process does both. */
export type Role = 'api' | 'work';
export type ServerOptions = ContextOptions & { readonly role?: Role | null };

/**
 * Starts the product in this process: stores, migrations, first organization, jobs, listener. Throws
 * `StartError` for everything that the operator can put right; nothing is left running then.
 */
export async function startServer(config: Config, options: ServerOptions = {}): Promise<Server> {
  const context = await openContext(config, options);
  const cleanup: (() => Promise<void>)[] = [() => context.close()];
  const close = once(async () => {
    for (const step of cleanup.reverse()) await step();
  });
  try {
    await migrate(context);
    const credentials = await bootstrap(context);
    if (options.role !== 'api') {
      const worker = await startWorker(context, { tasks, cronLines });
      cleanup.push(() => worker.stop());
      for (const start of loops) cleanup.push(stopOf(start(context)));
    }
    if (options.role === 'work') return { address: null, app: null, context, credentials, close };
    const app = buildApp(context, { operations, principalOf, noteWrite, itemTable, publicRoutes, isReady });
    cleanup.push(() => app.close());
    const address = await listen(app, config);
    return { address, app, context, credentials, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function stopOf(loop: BackgroundLoop): () => Promise<void> {
  return () => loop.stop();
}

async function listen(app: FastifyInstance, { host, port }: Config): Promise<string> {
  try {
    await app.listen({ host, port });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const reason = code === 'EADDRINUSE' ? 'it is in use' : reasonOf(error);
    throw new StartError(`port ${port} of ${host} cannot be listened on: ${reason}`, { cause: error });
  }
  const bound = app.server.address();
  return urlAt(host, typeof bound === 'object' && bound !== null ? bound.port : port);
}

function once(run: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | null = null;
  return () => {
    running ??= run();
    return running;
  };
}

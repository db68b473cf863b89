import type { ClickHouseClient } from '@clickhouse/client';
import type { FastifyBaseLogger } from 'fastify';
import type { Instant } from './kernel/time.ts';
import type { Db } from './store/database.ts';

/** What every part of the product works with; opened once per process. */
export type Context = {
  readonly config: {
    readonly publicUrl: string;
    readonly bootstrap: {
      readonly orgId: string | null;
      readonly accessKeyId: string | null;
      readonly apiSecret: string | null;
    };
  };
  readonly db: Db;
  readonly clickhouse: ClickHouseClient;
  readonly log: FastifyBaseLogger;
  readonly clock: { now(): Instant };
  readonly secretKey: Buffer;
  close(): Promise<void>;
};

export declare function isReady(ctx: Context): Promise<boolean>;

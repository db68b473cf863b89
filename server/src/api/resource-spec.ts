import type { RawBuilder } from 'kysely';
import type { z } from 'zod';
import type { Instant } from '../kernel/time.ts';
import type { Condition, Row, Tx } from '../store/database.ts';
import type { EntityTable, Envelope, Writer } from '../store/entity-store.ts';
import type { Filter } from './filters.ts';
import type { AnyCall, Operation } from './operation.ts';

/** Field names and their schemas, as a resource declares them. */
export type Fields = { readonly [name: string]: z.ZodType };
export type Values<F extends Fields> = { readonly [K in keyof F]: z.output<F[K]> };
/** A stored entity: its declared fields and the envelope. Fields without a value are null. */
export type EntityOf<F extends Fields> = Values<F> & Envelope & { readonly orgId: string };

/** What a rule sees: the transaction of the write. Refuses by throwing an ApiError. */
export type CheckScope = {
  readonly call: AnyCall;
  readonly tx: Tx;
  readonly orgId: string;
  readonly now: Instant;
  readonly writer: Writer;
};

export type ResourceSpec<F extends Fields> = {
  /** Type name of the public API, such as `PlanTemplate`. */
  readonly name: string;
  /** Collection path below the organization, such as `plantemplates`. */
  readonly path: string;
  readonly summary: string;
  readonly table: string;
  /** Resource type of the permission, such as `config:plantemplate` (spec 10 §17.3). */
  readonly permission: string;
  /** The column with the id that permissions on single items name, when entities are parts of another one. */
  readonly itemColumn?: string;
  readonly maxPageSize: 100 | 200;
  /**
   * Event name without its verb, such as `configuration.plantemplate`; null when it raises none (spec 60
   * §1.3).
   */
  readonly event: string | null;
  readonly fields: F;
  readonly filters?: { readonly [parameter: string]: Filter<never> };
  readonly immutable?: readonly (keyof F & string)[];
  /** Answered fields that a query over other tables gives. */
  readonly computed?: { readonly [name: string]: { schema: z.ZodType; sql: RawBuilder<unknown> } };
  /** As `computed`, for values that change as time goes by. */
  readonly computedAt?: {
    readonly [name: string]: { schema: z.ZodType; sql: (now: Instant) => RawBuilder<unknown> };
  };
  /** Ids of the five operations where they differ from Post/List/Get/Put/Delete + name. */
  readonly ids?: Partial<Record<'create' | 'list' | 'get' | 'update' | 'delete', string>>;
  readonly except?: readonly ('create' | 'list' | 'get' | 'update' | 'delete')[];
  /** A body that creates one; `{Name}` in a reference stands for the id of another example. */
  readonly example: Row;
  /**
   * Makes the stored values out of a checked body, for what one field alone cannot say. Before is null on
   * create.
   */
  complete?(values: Values<F>, before: EntityOf<F> | null, scope: CheckScope): Values<F> | Promise<Values<F>>;
  /**
   * Rules over several rows; runs after the write, in its transaction (spec 10 §9: references before rules).
   */
  check?(scope: CheckScope, next: EntityOf<F>, before: EntityOf<F> | null): Promise<void>;
  /** What else a delete takes with it, or why it is refused. */
  beforeDelete?(scope: CheckScope, before: EntityOf<F>): Promise<void>;
  /** The answer for a stored entity when it is not simply its fields. */
  answer?(entity: EntityOf<F>): Row;
  /** List conditions that depend on several parameters or none. Throws for combinations that are refused. */
  listRules?(query: Readonly<Record<string, unknown>>, now: Instant): readonly Condition[];
};

/** A declared resource: what `defineResource` makes of a spec. */
export type Resource<F extends Fields = Fields> = ResourceSpec<F> & {
  readonly entityTable: EntityTable;
  /** The table with the computed fields as they are at a moment. */
  readonly tableAt: (now: Instant) => EntityTable;
  readonly body: z.ZodObject;
  readonly response: z.ZodObject;
  readonly operations: readonly Operation[];
};

/** A resource whose operations are still to be made. */
export type Declared<F extends Fields> = Omit<Resource<F>, 'operations'>;

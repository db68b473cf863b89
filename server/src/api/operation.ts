import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { Context } from '../context.ts';
import type { JsonValue } from '../kernel/json.ts';
import type { Permission, Statement } from './permission.ts';

/** Who calls: found from the bearer token, with the statements that are in force now. */
export type Principal = {
  readonly id: string;
  readonly kind: 'USER' | 'SERVICEUSER';
  readonly orgId: string;
  readonly statements: readonly Statement[];
};

/** One request on its way through an operation. */
export type Call<P, Q, B> = {
  readonly ctx: Context;
  readonly orgId: string;
  readonly principal: Principal;
  readonly params: P;
  readonly query: Q;
  /** Parses and checks the body when asked: existence of the entity comes before JSON (spec 10 §9). */
  readonly body: () => B;
  /** The parsed JSON of the body as sent, before any schema. */
  readonly json: () => JsonValue;
  readonly request: FastifyRequest;
};

/** The part of a call that does not depend on the operation. */
export type AnyCall = Pick<Call<never, never, never>, 'ctx' | 'orgId' | 'principal' | 'request'>;

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/**
 * One entity (`response` leaves its envelope out), a page of them, such a page with the first of them spread
 * beside it (spec 10 §14), or `whole`: what `response` says.
 */
export type Answers = 'object' | 'page' | 'pageWithFirst' | 'whole';

/** An operation as a plain value; `registry.ts` lists them all. */
export type Operation = {
  /** The operation id of the public API. */
  readonly id: string;
  readonly method: Method;
  /** Path below `/organizations/{orgId}`, with `{param}` parts. */
  readonly path: string;
  readonly summary: string;
  readonly tag: string;
  readonly permission: Permission | null;
  /** What it needs beside `permission`. */
  readonly alsoNeeds?: readonly Permission[];
  /** What is enough in place of all that, unless `permission` is denied. */
  readonly insteadOfAll?: Permission;
  readonly query: z.ZodObject | null;
  readonly body: z.ZodType | null;
  readonly response: z.ZodType | null;
  readonly answers: Answers;
  /** Whether the body may carry a version, where that is not so of a PUT alone. */
  readonly takesVersion?: boolean;
  /** Where bodies may be larger than elsewhere (spec 10 §10): this size is refused. */
  readonly maxBodyBytes?: number;
  /** The media type of an answer that is a file: the operation answers its content as a stream. */
  readonly fileType?: string;
  readonly handle: (call: Call<Record<string, string>, Record<string, unknown>, unknown>) => Promise<unknown>;
};

/** What the API document says of a route outside of the tenant path. */
export type RouteFacts = Pick<Operation, 'id' | 'summary' | 'tag' | 'answers'> & {
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  /** Media types of the body beside JSON. */
  readonly bodyTypes?: readonly string[];
  readonly response: z.ZodType;
  readonly signIn: 'bearer' | 'basic' | 'none';
  readonly refusals: readonly (400 | 401 | 403)[];
};

type OperationSpec<Q extends z.ZodObject, B extends z.ZodType> = {
  readonly id: string;
  readonly method: Method;
  readonly path: string;
  readonly summary: string;
  readonly tag: string;
  readonly permission: Permission | null;
  readonly alsoNeeds?: readonly Permission[];
  readonly insteadOfAll?: Permission;
  readonly query?: Q;
  readonly body?: B;
  readonly response?: z.ZodType;
  readonly answers?: Answers;
  readonly takesVersion?: boolean;
  readonly maxBodyBytes?: number;
  readonly fileType?: string;
  readonly handle: (call: Call<Record<string, string>, z.output<Q>, z.output<B>>) => Promise<unknown>;
};

/** Declares one operation; the handler is typed by its schemas. */
export function defineOperation<Q extends z.ZodObject, B extends z.ZodType>(
  spec: OperationSpec<Q, B>,
): Operation {
  return {
    ...spec,
    query: spec.query ?? null,
    body: spec.body ?? null,
    response: spec.response ?? null,
    answers: spec.answers ?? 'object',
    handle: spec.handle as unknown as Operation['handle'],
  };
}

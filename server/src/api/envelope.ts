import { z } from 'zod';
import { dateTime, integer, reference, text } from './fields.ts';

/** The schema of an entity with its envelope, for answers that hold entities within something else. */
export function withEnvelope(fields: z.ZodObject): z.ZodObject {
  return z.object({
    id: reference('Entity'),
    version: integer({ min: 1 }),
    dtCreated: dateTime(),
    dtLastModified: dateTime(),
    createdBy: text(),
    lastModifiedBy: text(),
    ...fields.shape,
  });
}

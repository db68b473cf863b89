import { z } from 'zod';
import type { Context } from '../../context.ts';
import { enqueue } from '../../jobs/enqueue.ts';
import { defineTask } from '../../jobs/task.ts';
import { newId } from '../../kernel/ids.ts';
import { currentInstant } from '../../kernel/time.ts';
import type { FileContent } from '../../ports/files/file-store.ts';
import { inTransaction } from '../../store/transaction.ts';
import { downloadUrl } from './download-link.ts';

/** Removes files that nobody asks for any more. */
export const removeFiles = defineTask<{ readonly keys: readonly string[] }>({
  name: 'removeFiles',
  payload: z.object({ keys: z.array(z.string()) }),
  run: async ({ files }, { keys }) => {
    for (const key of keys) await files.remove(key);
  },
});

/** Longer than the links to it. */
const LIFETIME = { hours: 1 };

export type TemporaryFile = {
  readonly orgId: string;
  /** The name that a browser saves it under; its ending says what it is. */
  readonly fileName: string;
  readonly contentType: string;
  readonly content: FileContent;
};

/**
 * Writes a file that is made for one download, and answers a link to it. Its removal is in the queue before
 * the file is there, so that none stays.
 */
export async function temporaryFileUrl(ctx: Context, file: TemporaryFile): Promise<string> {
  const { orgId, fileName, contentType } = file;
  const ending = /\.\w+$/.exec(fileName)?.[0] ?? '';
  const key = `${orgId}/downloads/${newId()}${ending}`;
  const runAt = currentInstant().add(LIFETIME);
  await inTransaction(ctx.db, (tx) => enqueue(tx, { task: removeFiles, payload: { keys: [key] }, runAt }));
  await ctx.files.write(key, file.content);
  return downloadUrl(ctx, key, { fileName, contentType });
}

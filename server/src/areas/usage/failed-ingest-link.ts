import type { Context } from '../../context.ts';
import { uuidFromText } from '../../kernel/ids.ts';
import { signedText, textFromSigned } from '../../kernel/signed-text.ts';

/** How long a link to a failure file leads somewhere (spec 20 §8). */
const LIFETIME_MS = 5 * 60 * 1000;

export const FAILED_INGEST_PATH = '/downloads/failedingest';

/** A failure file of an organization. */
export type FailureFile = { readonly orgId: string; readonly id: string };

/** A link to the file that needs no sign-in and ends by itself. */
export function failedIngestLink(ctx: Context, { orgId, id }: FailureFile): string {
  const endMs = ctx.clock.now().epochMilliseconds + LIFETIME_MS;
  const token = signedText(`${endMs} ${orgId} ${id}`, signingOf(ctx));
  return `${ctx.config.publicUrl}${FAILED_INGEST_PATH}/${token}`;
}

/** The file that the last part of a link leads to; null when we did not write it, or it has ended. */
export function fileFromLink(ctx: Context, token: string): FailureFile | null {
  const [endMs = '0', orgId, id] = textFromSigned(token, signingOf(ctx))?.split(' ') ?? [];
  const isOver = ctx.clock.now().epochMilliseconds >= Number.parseInt(endMs, 10);
  return isOver || orgId === undefined || id === undefined ? null : { orgId, id };
}

function signingOf({ secretKey }: Context) {
  return { key: secretKey, purpose: 'failed ingest link' };
}

/** The id in a `file` parameter: the id itself, or the whole `getDownloadUrl` of an event. */
export function failureFileId(file: string): string | null {
  return uuidFromText(/(?:^|[?&]file=)([^?&=]*)$/.exec(file)?.[1] ?? '');
}

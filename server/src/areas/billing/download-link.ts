import type { Context } from '../../context.ts';

/** How long a link to a file of billing leads somewhere (spec 40 §4.8, §10.2, §13). */
const LIFETIME = { minutes: 15 };

type Named = { readonly fileName: string; readonly contentType: string };

/** A link to a stored file that needs no sign-in and ends by itself after 15 minutes. */
export async function downloadUrl({ files, clock }: Context, key: string, named: Named): Promise<string> {
  const now = clock.now();
  const link = await files.downloadLink(key, { ...named, now, expires: now.add(LIFETIME) });
  return link.url;
}

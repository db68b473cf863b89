import { Readable } from 'node:stream';
import { ZipFile } from 'yazl';
import { type Instant, platformDate } from '../../kernel/time.ts';
import type { FileStore } from '../../ports/files/file-store.ts';
import type { ExportFile } from './write-files.ts';

type Zipping = {
  readonly files: FileStore;
  readonly key: string;
  /** What the entries of the archive are dated. */
  readonly now: Instant;
};

/**
 * Puts files of the store into one archive there, as a stream. They are compressed already, so they are kept
 * as they are.
 */
export async function zipFiles(members: readonly ExportFile[], { files, key, now }: Zipping): Promise<void> {
  const zip = new ZipFile();
  const output = zip.outputStream as Readable;
  zip.on('error', (error: Error) => output.destroy(error));
  for (const member of members) {
    const options = { compress: false, size: member.sizeBytes, mtime: platformDate(now), mode: 0o100644 };
    zip.addReadStreamLazy(member.name, options, (opened) => {
      files.read(member.key).then(
        (content) =>
          opened(content ? null : new Error(`${member.name} is gone`), content ?? Readable.from([])),
        (error: unknown) => opened(error, Readable.from([])),
      );
    });
  }
  zip.end();
  await files.write(key, output);
}

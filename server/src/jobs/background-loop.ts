/**
 * Work that goes on as long as the process does, beside the jobs. `stop` resolves when nothing of it runs any
 * more.
 */
export type BackgroundLoop = { stop(): Promise<void> };

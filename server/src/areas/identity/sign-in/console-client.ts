const LOOPBACK_HOSTS = ['localhost', '127.0.0.1', '[::1]'];
const PATHS = ['/', '/callback', '/console', '/console/', '/console/callback', '/docs'];

/** Where the console may be answered to: fixed pages, never one with uploaded content. */
export function redirectUrisAt(publicUrl: string): string[] {
  return PATHS.map((path) => `${publicUrl}${path}`);
}

/**
 * Whether the address is one of a program on the person's own machine: plain HTTP, any port, any path. Our
 * own server may run there as well; it is no such program.
 */
export function isProgram(uri: string, publicUrl: string): boolean {
  if (!URL.canParse(uri) || uri.includes('#')) return false;
  const { protocol, hostname, username, password, port } = new URL(uri);
  const isOurs = LOOPBACK_HOSTS.includes(new URL(publicUrl).hostname) && port === new URL(publicUrl).port;
  const isBare = username === '' && password === '';
  return protocol === 'http:' && LOOPBACK_HOSTS.includes(hostname) && isBare && !isOurs;
}

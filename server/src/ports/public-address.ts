import { lookup } from 'node:dns/promises';
import { BlockList, isIP, isIPv6 } from 'node:net';

/**
 * Networks that are this machine, its neighbours or the cloud provider's metadata, not somebody else's
 * server.
 */
const INTERNAL: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
  ['::', 127],
  ['64:ff9b::', 96],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
];

const internal = new BlockList();
for (const [network, prefix] of INTERNAL) {
  internal.addSubnet(network, prefix, isIPv6(network) ? 'ipv6' : 'ipv4');
}

/** Whether an IP address may be sent to: it is not loopback, link-local, private, multicast or reserved. */
export function isPublicAddress(address: string): boolean {
  const version = isIP(address);
  return version !== 0 && !internal.check(address, version === 6 ? 'ipv6' : 'ipv4');
}

/**
 * The addresses of a host as a URL names it, all of them public. Empty when the host is unknown or any of its
 * addresses is internal, so that a name cannot lead into the installation's own network (spec 60 §5).
 */
export async function publicAddresses(host: string): Promise<readonly string[]> {
  const name = host.replace(/^\[(.*)\]$/, '$1');
  try {
    const found = await lookup(name, { all: true });
    return found.every(({ address }) => isPublicAddress(address)) ? found.map(({ address }) => address) : [];
  } catch {
    return [];
  }
}

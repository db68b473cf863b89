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
 * What the operator lets us send to although it is internal: host names, addresses and networks such as
 * `10.0.0.0/8`.
 */
export type AllowList = readonly string[];

/**
 * The addresses that a request to the URL may go to. Empty when it must not be sent: any of its addresses is
 * internal and not on the list, so that a name cannot lead into the installation's own network, or it is not
 * https and its host is not on the list (spec 60 §5). Null when its host cannot be found, which may pass.
 */
export async function reachableAddresses(url: URL, allowed: AllowList): Promise<readonly string[] | null> {
  const name = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const addresses = await addressesOf(name);
  if (addresses === null) return null;
  const isNamed = allowed.includes(name);
  const isListed = (address: string) => isNamed || allowed.some((entry) => isWithin(entry, address));
  if (url.protocol === 'http:') return addresses.every(isListed) ? addresses : [];
  if (url.protocol !== 'https:') return [];
  return addresses.every((address) => isPublicAddress(address) || isListed(address)) ? addresses : [];
}

async function addressesOf(host: string): Promise<readonly string[] | null> {
  try {
    const found = await lookup(host, { all: true });
    return found.map(({ address }) => address);
  } catch {
    return null;
  }
}

function isWithin(entry: string, address: string): boolean {
  const [network = '', prefix] = entry.split('/');
  const version = isIP(network);
  if (version === 0 || version !== isIP(address)) return false;
  const family = version === 6 ? 'ipv6' : 'ipv4';
  const list = new BlockList();
  list.addSubnet(
    network,
    prefix === undefined ? (version === 6 ? 128 : 32) : Number.parseInt(prefix, 10),
    family,
  );
  return list.check(address, family);
}

import { expect, test } from 'vitest';
import { isPublicAddress, publicAddresses } from './public-address.ts';

test.each(['8.8.8.8', '172.15.255.255', '172.32.0.0', '2606:4700:4700::1111'])('%s is public', (address) => {
  expect(isPublicAddress(address)).toBe(true);
});

test.each([
  '0.0.0.0',
  '10.1.2.3',
  '100.64.0.1',
  '127.0.0.1',
  '127.255.255.254',
  '169.254.169.254',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.1.1',
  '224.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  '::ffff:127.0.0.1',
  '::ffff:a9fe:a9fe',
  'fd00::1',
  'fe80::1',
  'not an address',
])('%s is not public', (address) => {
  expect(isPublicAddress(address)).toBe(false);
});

test.each([
  ['8.8.8.8', ['8.8.8.8']],
  ['127.0.0.1', []],
  ['localhost', []],
  ['[::1]', []],
  ['no-such-host.invalid', []],
])('the public addresses of %s are %j', async (host, addresses) => {
  expect(await publicAddresses(host)).toEqual(addresses);
});

import { expect, test } from 'vitest';
import { isPublicAddress, reachableAddresses } from './public-address.ts';

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
  ['https://8.8.8.8/x', [], ['8.8.8.8']],
  ['http://8.8.8.8/x', [], []],
  ['ftp://8.8.8.8/x', ['8.8.8.8'], []],
  ['http://8.8.8.8/x', ['8.8.8.8'], ['8.8.8.8']],
  ['https://127.0.0.1', [], []],
  ['https://127.0.0.1:8443', ['127.0.0.1'], ['127.0.0.1']],
  ['http://127.0.0.1', ['127.0.0.0/8'], ['127.0.0.1']],
  ['http://10.1.2.3', ['127.0.0.0/8', '10.1.0.0/16'], ['10.1.2.3']],
  ['http://10.2.0.1', ['10.1.0.0/16'], []],
  ['https://localhost', [], []],
  ['https://[::1]', [], []],
  ['https://[::1]', ['::1'], ['::1']],
  ['https://no-such-host.invalid', ['no-such-host.invalid'], null],
  ['https://no-such-host.invalid', [], null],
])('%s, with %j allowed, may go to %j', async (url, allowed, addresses) => {
  expect(await reachableAddresses(new URL(url), allowed)).toEqual(addresses);
});

test('a host that is allowed by its name may be internal', async () => {
  expect(await reachableAddresses(new URL('http://localhost'), ['localhost'])).not.toEqual([]);
});

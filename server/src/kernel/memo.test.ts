import { expect, test } from 'vitest';
import { remembering, rememberingLast } from './memo.ts';

test('a result is computed once per key, and the limit forgets all of them', () => {
  const computed: string[] = [];
  const doubled = remembering<string, string>(2);
  const ask = (key: string) =>
    doubled(key, () => {
      computed.push(key);
      return key + key;
    });
  expect(['a', 'b', 'a', 'c', 'a'].map(ask)).toEqual(['aa', 'bb', 'aa', 'cc', 'aa']);
  expect(computed).toEqual(['a', 'b', 'c', 'a']);
});

test('the last result of an object holds while everything given is the very same', () => {
  const [one, other] = [{ name: 'one' }, { name: 'other' }];
  const computed: string[] = [];
  const named = rememberingLast<{ name: string }, string>();
  const ask = (about: { name: string }, ...given: readonly unknown[]) =>
    named(about, given, () => {
      computed.push([about.name, ...given].join(' '));
      return about.name;
    });
  ask(one, 1);
  ask(other, 1);
  ask(one, 1);
  ask(one, 2);
  ask(one, 2, 3);
  expect(ask(one, 1)).toBe('one');
  expect(computed).toEqual(['one 1', 'other 1', 'one 2', 'one 2 3', 'one 1']);
});

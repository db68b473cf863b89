import { expect, test } from 'vitest';
import { remembering } from './memo.ts';

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

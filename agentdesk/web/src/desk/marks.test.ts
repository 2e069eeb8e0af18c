import { expect, it } from 'vitest'
import { cut } from './marks'

it.each([
  ['no marks', '退款多久', undefined, [['退款多久', false]]],
  ['one in the middle', 'a退款b', [[1, 3]], [['a', false], ['退款', true], ['b', false]]],
  ['overlapping and unsorted', 'abcdef', [[3, 5], [2, 4]], [['ab', false], ['cd', true], ['e', true], ['f', false]]],
  ['counted in characters, not in UTF-16', '😀退款', [[1, 3]], [['😀', false], ['退款', true]]],
  ['beyond the end', 'ab', [[1, 9]], [['a', false], ['b', true]]],
] as [string, string, [number, number][] | undefined, [string, boolean][]][])('%s', (_, text, marks, want) => {
  expect(cut(text, marks).map(p => [p.s, p.on])).toEqual(want)
})

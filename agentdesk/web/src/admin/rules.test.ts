import { describe as group, expect, it } from 'vitest'
import { describe, diffRules, fitValue, isGroup, moved, newRule, placed, stable, toForm, toTree, trimAction, unfinished, type Group } from './rules'
import type { Cond, Rule } from './types'

const level: Cond = { field: 'level', op: 'gte', value: 2 }
const refund: Cond = { field: 'text', op: 'contains_any', value: ['退款', '退货'] }
const hours: Cond = { field: 'in_hours', op: 'true' }

group('a condition tree and its form', () => {
  it.each<[string, Cond, Cond]>([
    ['nothing means always', {}, {}],
    ['one test stays one test', level, level],
    ['all of two', { all: [level, refund] }, { all: [level, refund] }],
    ['any of two', { any: [level, refund] }, { any: [level, refund] }],
    ['a test negated', { not: level }, { not: level }],
    ['none of two', { not: { any: [level, refund] } }, { not: { any: [level, refund] } }],
    ['not all of two', { not: { all: [level, refund] } }, { not: { all: [level, refund] } }],
    ['three deep', { all: [hours, { any: [level, { not: { any: [refund, hours] } }] }] }, { all: [hours, { any: [level, { not: { any: [refund, hours] } }] }] }],
    ['a group of one is that one', { all: [{ any: [level] }] }, level],
    ['empty groups vanish', { all: [level, { any: [] }] }, level],
  ])('%s', (_, tree, want) => {
    expect(toTree(toForm(tree))).toEqual(want)
  })
  it('keeps its meaning when it goes through the form twice', () => {
    const tree = { any: [{ all: [level, hours] }, { not: refund }] }
    expect(toTree(toForm(toTree(toForm(tree))))).toEqual(tree)
  })
  it('names rows without a value, but not yes and no', () => {
    const form = toForm({ all: [{ field: 'text', op: 'contains_any', value: [] }, hours, { any: [{ field: 'channel', op: 'is', value: '' }] }] })
    expect(unfinished(form)).toHaveLength(2)
  })
  it('keeps a value when the operator changes to several and back', () => {
    expect(fitValue('category', 'in', '退款')).toEqual(['退款'])
    expect(fitValue('category', 'is', ['退款', '退货'])).toBe('退款')
    expect(fitValue('level', 'gte', '退款')).toBe(0)
  })
  it('makes rows that the builder can tell apart', () => {
    const form = toForm({ all: [level, level] })
    expect(isGroup(form)).toBe(true)
    expect(new Set((form as Group).items.map((n) => n.uid)).size).toBe(2)
  })
})

group('words for a rule', () => {
  const word = (k: string) => ({ and: ' AND ', or: ' OR ', not: 'NOT ', gap: ' ', comma: ',', always: 'ALWAYS' })[k] ?? k.split('.').at(-1)!
  it.each<[string, Cond, string]>([
    ['always', {}, 'ALWAYS'],
    ['a test', level, 'level gte 2'],
    ['brackets inside', { all: [hours, { any: [level, refund] }] }, 'in_hours true AND (level gte 2 OR text contains_any 退款,退货)'],
    ['negation', { not: level }, 'NOT (level gte 2)'],
  ])('%s', (_, tree, want) => {
    expect(describe(tree, word, (_f, v) => String(v))).toBe(want)
  })
})

group('the table', () => {
  const rule = (id: string, more: Partial<Rule> = {}): Rule => ({ id, name: id, enabled: true, when: {}, then: {}, stop: true, ...more })
  it('moves a rule and refuses to move it out', () => {
    expect(moved(['a', 'b', 'c'], 0, 2)).toEqual(['b', 'c', 'a'])
    expect(moved(['a', 'b'], 0, -1)).toEqual(['a', 'b'])
  })
  it('gives a new rule an id that nobody has', () => {
    expect(newRule([rule('r2'), rule('r1')], '').id).toBe('r3')
    expect(newRule([rule('r2')], '').id).toBe('r3')
  })
  it('a new rule comes before the one for all the rest', () => {
    const rest = rule('rest', { then: { queue: 'q' } })
    expect(placed([rule('a'), rest], rule('b')).map((r) => r.id)).toEqual(['a', 'b', 'rest'])
    expect(placed([rule('a'), { ...rest, enabled: false }], rule('b')).map((r) => r.id)).toEqual(['a', 'rest', 'b'])
  })
  it('names what was added, removed, changed and moved', () => {
    const d = diffRules([rule('a'), rule('b'), rule('c')], [rule('c'), rule('b', { name: 'B', when: level }), rule('d')])
    expect(d.map((x) => [x.id, x.change, x.parts])).toEqual([['a', 'removed', []], ['c', 'moved', []], ['b', 'changed', ['name', 'when']], ['d', 'added', []]])
  })
  it('sees no change in another order of keys', () => {
    expect(stable({ a: 1, b: { c: [1], d: 2 } })).toBe(stable({ b: { d: 2, c: [1] }, a: 1 }))
  })
  it('drops the empty parts of an action', () => {
    expect(trimAction({ queue: 'vip', points: 0, tags: [], p1: false, skills: [{ skill: 'en', level: 2 }] })).toEqual({ queue: 'vip', skills: [{ skill: 'en', level: 2 }] })
  })
})

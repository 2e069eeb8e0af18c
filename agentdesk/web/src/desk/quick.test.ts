import { describe, expect, it } from 'vitest'
import { fill, find, holes, nextHole } from './quick'

const replies = [
  { id: 1, group: '问候', shortcut: 'hi', title: '欢迎', text: '您好，我是{客服姓名}' },
  { id: 2, group: '问候', shortcut: 'hi2', title: '再次服务', text: '{客户称呼}您好' },
  { id: 3, group: '退款', shortcut: 'tk', title: '退款进度', text: '退款 3 天到账' },
]

describe('quick replies', () => {
  it.each([
    ['nothing typed shows all', '', [1, 2, 3]],
    ['the whole shortcut comes first', 'hi2', [2]],
    ['a shortcut before its longer neighbour', 'hi', [1, 2]],
    ['a word of the title', '退款', [3]],
    ['scattered letters of a title', '退进', [3]],
    ['no match', 'zzz', []],
  ])('%s', (_, q, ids) => {
    expect(find(q, replies).map(r => r.id)).toEqual(ids)
  })

  it('known variables are filled, others stay', () => {
    expect(fill('{客户称呼}您好，{工单主题}', { 客户称呼: '王女士' })).toBe('王女士您好，{工单主题}')
    expect(holes('王女士您好，{工单主题}')).toEqual([[6, 12]])
  })

  it('a value that looks like a variable is not filled twice', () => {
    expect(fill('{a}', { a: '{b}', b: 'x' })).toBe('{b}')
  })

  it('Tab walks round the open variables', () => {
    const t = '{a} and {b}'
    expect(nextHole(t, 0)).toEqual([0, 3])
    expect(nextHole(t, 3)).toEqual([8, 11])
    expect(nextHole(t, 11)).toEqual([0, 3])
    expect(nextHole(t, 8, true)).toEqual([0, 3])
    expect(nextHole('none', 0)).toBeNull()
  })

  it('JSON in a message is not a variable', () => {
    expect(holes('{ "a": 1 }')).toEqual([])
  })
})

import { describe, expect, it } from 'vitest'
import { addresses, cut, letter, type Whole } from './mail'

const came: Whole = { n: 3, at: 0, from: { name: '客服', addr: 's+t1@a.example' }, to: [{ addr: 'lin@b.example' }], subject: '发票', snippet: '', text: '', head: [] }

describe('mails of a demo customer', () => {
  it('addresses are typed with any comma', () => {
    expect(addresses('a@x.cn，b@x.cn; c@x.cn、d@x.cn')).toEqual(['a@x.cn', 'b@x.cn', 'c@x.cn', 'd@x.cn'])
    expect(addresses('  ')).toEqual([])
  })
  it('an answer goes to where answers go, with one Re:', () => {
    expect(letter('x', came)).toMatchObject({ to: 's+t1@a.example', subject: 'Re: 发票', reply: 3 })
    expect(letter('x', { ...came, subject: '回复：发票' }).subject).toBe('回复：发票')
    expect(letter('x', { ...came, sent: true }).to).toBe('lin@b.example')
    expect(letter('x')).toMatchObject({ to: 'x', reply: 0 })
  })
  it('what is quoted is cut off with the line that begins it', () => {
    expect(cut('好的\n\n在 2026年，客服 写道：\n> 您好\n> 再见\n')).toEqual(['好的', '在 2026年，客服 写道：\n> 您好\n> 再见'])
    expect(cut('没有引用\n')).toEqual(['没有引用', ''])
  })
})

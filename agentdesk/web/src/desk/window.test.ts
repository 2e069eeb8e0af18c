import { describe, expect, it } from 'vitest'
import type { Conversation, Message, Window } from '@/api/types'
import { brief, cost, held, leftNow, priced } from './window'

const now = Date.UTC(2026, 10, 25, 12)
const hour = 3600_000
const win = (w: Partial<Window>): Window => ({ until: now + 47.5 * hour, left: 5, reserve: 2, ...w })

describe('what may still be written', () => {
  it.each([
    ['five for two days', win({}), { left: 5, tone: 'good' }],
    ['the last one is near the end', win({ left: 1 }), { left: 1, tone: 'warm' }],
    ['less than two hours is near the end', win({ until: now + 2 * hour - 1 }), { left: 5, tone: 'warm' }],
    ['a menu click counts while it lasts, the end stays the later', win({ left: 0, brief_until: now + 60_000, brief_left: 3 }), { left: 3, tone: 'good' }],
    ['a click alone is short', win({ until: 0, left: 0, brief_until: now + 60_000, brief_left: 3 }), { left: 3, tone: 'warm' }],
    ['used up', win({ left: 0 }), { left: 0, tone: 'closed', why: 'count' }],
    ['too late', win({ until: now }), { left: 0, tone: 'closed', why: 'time' }],
    ['he refuses', win({ ended: true }), { left: 0, tone: 'closed', why: 'ended' }],
  ])('%s', (_, w, want) => { expect(leftNow(w, now)).toMatchObject(want) })

  it('is said in the greatest unit', () => {
    expect([brief(47.5 * hour), brief(hour), brief(59 * 60_000), brief(40_000), brief(-1)]).toEqual(['47 h', '1 h', '59 min', '40 s', '0 s'])
  })
})

describe('what a reply costs', () => {
  it.each([
    ['nothing', '  ', 0, 0],
    ['a text', '您好', 0, 1],
    ['a text and two pictures', '您好', 2, 3],
    ['2048 bytes fit in one', 'a'.repeat(2048), 0, 1],
    ['Chinese has three bytes a character', '好'.repeat(683), 0, 2],
  ])('%s', (_, text, files, want) => { expect(cost(text, files)).toBe(want) })

  const row = { window: win({ left: 0 }) } as Conversation
  const last = (m: Partial<Message>) => ({ id: 1, conv: 1, seq: 3, from: 'agent', author: 7, kind: 'text', text: '在的', at: now - 3000, state: 'pending', ...m }) as Message

  it('what is written while the last one waits goes along for nothing', () => {
    const w = held(row, [last({})], 7, now)
    expect(w?.seq).toBe(3)
    expect(priced('还有一句', 0, w)).toEqual({ cost: 0, joins: true })
    expect(priced('还有一张', 1, w)).toEqual({ cost: 2, joins: false })
    expect(priced('好'.repeat(700), 0, w)).toEqual({ cost: 2, joins: false })
  })
  it.each([
    ['it was sent', last({ state: 'sent' })],
    ['eight seconds are over', last({ at: now - 8000 })],
    ['it was somebody else', last({ author: 8 })],
    ['it was the customer', last({ from: 'contact', state: 'stored' })],
  ])('not when %s', (_, m) => { expect(held(row, [m], 7, now)).toBeUndefined() })
  it('not when more may be written anyway', () => { expect(held({ window: win({}) } as Conversation, [last({})], 7, now)).toBeUndefined() })
})

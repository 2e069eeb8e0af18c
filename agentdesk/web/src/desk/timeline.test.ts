import { describe, expect, it } from 'vitest'
import type { Conversation, Event, Message } from '@/api/types'
import type { Talk } from './state'
import { progress, timeline } from './timeline'

const base = new Date(2026, 3, 1, 10).getTime()
const msg = (seq: number, at: number, o: Partial<Message> = {}): Message => ({ id: seq, conv: 1, seq, from: 'contact', kind: 'text', text: 'x', at, state: 'stored', ...o })
const ev = (rev: number, at: number, kind: Event['kind']): Event => ({ id: rev, conv: 1, rev, at, kind, by: 'system', before: { status: 'bot' }, after: { status: 'queued' } })
const talk = (o: Partial<Talk>): Talk => ({ conv: 1, rev: 9, row: { contact_got: 0, contact_saw: 0 } as Conversation, contact: { id: 1, name: '', level: 0, created_at: 0, last_at: 0 }, messages: [], more: false, events: [], previous: [], early: [], ...o })

describe('timeline', () => {
  it('orders messages, lines and day marks', () => {
    const t = talk({ messages: [msg(1, base), msg(2, base + 86_400_000)], events: [ev(2, base + 1000, 'routed'), ev(3, base + 1500, 'offered')] })
    expect(timeline(t, []).map(i => i.type)).toEqual(['day', 'msg', 'line', 'day', 'msg'])
  })

  it('leaves out lines before the loaded part', () => {
    const t = talk({ more: true, messages: [msg(5, base)], events: [ev(1, base - 5000, 'routed')] })
    expect(timeline(t, []).map(i => i.type)).toEqual(['day', 'msg'])
  })

  it('an unsent reply goes away once its message is there', () => {
    const u = { cid: 'c1', conv: 1, text: 'x', files: [], note: false, at: base + 5, state: 'sending' as const }
    expect(timeline(talk({ messages: [msg(1, base)] }), [u]).at(-1)!.type).toBe('unsent')
    expect(timeline(talk({ messages: [msg(1, base, { from: 'agent', cid: 'c1' })] }), [u]).at(-1)!.type).toBe('msg')
  })

  it('messages of one writer hang together for three minutes', () => {
    const t = talk({ messages: [msg(1, base), msg(2, base + 1000), msg(3, base + 1000 + 4 * 60_000), msg(4, base + 300_000, { from: 'agent' })] })
    expect(timeline(t, []).flatMap(i => i.type === 'msg' ? [i.first] : [])).toEqual([true, false, true, true])
  })

  it.each([
    ['stored is sent', {}, 0, 0, 'sent'],
    ['delivered by position', {}, 3, 0, 'delivered'],
    ['read by position', {}, 3, 3, 'read'],
    ['a failure wins over positions', { state: 'failed' as const }, 3, 3, 'failed'],
    ['pending stays pending', { state: 'pending' as const }, 0, 0, 'pending'],
  ])('%s', (_, o, got, saw, want) => {
    expect(progress(msg(3, base, { from: 'agent', ...o }), { row: { contact_got: got, contact_saw: saw } as Conversation })).toBe(want)
  })
})

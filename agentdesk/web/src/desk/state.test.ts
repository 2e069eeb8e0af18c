import { describe, expect, it } from 'vitest'
import type { Conversation, ConversationView, Event, Message } from '@/api/types'
import { apply, emptyState, gone, install, prepend, previewOf, putRows } from './state'

function conversation(id: number, o: Partial<Conversation> = {}): Conversation {
  return {
    id, channel: 1, kind: 'webchat', contact: 9, status: 'assigned', epoch: 1, rev: 0, owner: 7, last_seq: 0, handled_seq: 0, agent_seen: 0,
    contact_got: 0, contact_saw: 0, unread: 0, units: 1, lang: 'zh-CN', preview: '', created_at: 1, last_at: 1, contact_name: '王女士', ...o,
  }
}

/** A server in small: one conversation with its rows, messages and events. */
class Server {
  row: Conversation
  messages: Message[] = []
  events: Event[] = []
  constructor(id: number) { this.row = conversation(id) }
  say(from: Message['from'], text: string, withRow: boolean): Event {
    const m: Message = { id: this.row.id * 1000 + this.messages.length + 1, conv: this.row.id, seq: this.messages.length + 1, from, kind: 'text', text, at: 100 + this.messages.length, state: 'stored' }
    this.messages.push(m)
    const before = this.view()
    this.row = { ...this.row, rev: this.row.rev + 1, last_seq: m.seq, last_at: m.at, preview: text, preview_from: from,
      unread: from === 'contact' ? this.row.unread + 1 : this.row.unread,
      waiting_from: from === 'contact' ? this.row.waiting_from || m.at : 0, first_at: from === 'agent' ? this.row.first_at || m.at : this.row.first_at }
    return this.add({ kind: 'message', by: from === 'contact' ? 'contact' : 'agent', before, msg: m }, withRow)
  }
  mark(seen: number, withRow: boolean): Event {
    const before = this.view()
    this.row = { ...this.row, rev: this.row.rev + 1, contact_saw: Math.max(this.row.contact_saw, seen) }
    return this.add({ kind: 'state', by: 'contact', before, data: { contact_saw: seen } }, withRow)
  }
  fail(seq: number, withRow: boolean): Event {
    const before = this.view()
    const m = this.messages[seq - 1]!
    this.messages[seq - 1] = { ...m, state: 'failed', reason: 'window closed' }
    this.row = { ...this.row, rev: this.row.rev + 1 }
    return this.add({ kind: 'state', by: 'system', before, data: { msg: m.id, state: 'failed', reason: 'window closed' } }, withRow)
  }
  fetch(): ConversationView {
    return structuredClone({ row: this.row, contact: { id: 9, name: '王女士', level: 0, created_at: 1, last_at: 1 }, messages: this.messages, more: false, events: [], previous: [] })
  }
  private view() { return { status: this.row.status, owner: this.row.owner } }
  private add(e: Pick<Event, 'kind' | 'by' | 'before'> & Partial<Event>, withRow: boolean): Event {
    const ev: Event = { id: this.row.rev, conv: this.row.id, rev: this.row.rev, at: 100, after: this.view(), row: withRow ? this.row : undefined, ...e }
    this.events.push(ev)
    return structuredClone(ev)
  }
}

/** mulberry32: the same numbers for the same seed. */
function random(seed: number) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

describe('previewOf', () => {
  const file = (type: string) => ({ id: 1, name: 'a', type, size: 1, url: '/f/a' })
  it.each([
    ['text stands for itself', { text: '你好', files: [file('image/png')] }, '你好'],
    ['a picture alone is named', { text: '', files: [file('image/png')] }, '[image]'],
    ['so is another file', { files: [file('application/pdf')] }, '[file]'],
    ['nothing is nothing', {}, ''],
  ])('%s', (_, m, want) => expect(previewOf(m)).toBe(want))
})

describe('events', () => {
  it('apply in order, once', () => {
    const srv = new Server(1), s = emptyState()
    install(s, srv.fetch())
    const a = srv.say('contact', 'hello', false)
    expect(apply(s, a)).toBe('applied')
    expect(apply(s, a)).toBe('old')
    expect(s.talks.get(1)!.messages).toHaveLength(1)
    expect(s.rows.get(1)!.unread).toBe(1)
  })

  it('wait for the one before them and heal without a fetch', () => {
    const srv = new Server(1), s = emptyState()
    install(s, srv.fetch())
    const a = srv.say('contact', 'a', true), b = srv.say('contact', 'b', true)
    expect(apply(s, b)).toBe('gap')
    expect(apply(s, a)).toBe('applied')
    expect(s.talks.get(1)!.messages.map(m => m.text)).toEqual(['a', 'b'])
  })

  it('of an unknown conversation without a row ask for a fetch', () => {
    const srv = new Server(1)
    expect(apply(emptyState(), srv.say('contact', 'a', false))).toBe('gap')
  })

  it('keep the customer\'s name when a row comes without it', () => {
    const s = emptyState()
    putRows(s, [conversation(1)])
    putRows(s, [conversation(1, { rev: 1, contact_name: undefined })])
    expect(s.rows.get(1)!.contact_name).toBe('王女士')
  })

  it('never let an older list row win', () => {
    const s = emptyState()
    putRows(s, [conversation(1, { rev: 5, status: 'closed' })])
    putRows(s, [conversation(1, { rev: 4 })])
    expect(s.rows.get(1)!.status).toBe('closed')
  })

  it('gone removes, but not what came back meanwhile', () => {
    const s = emptyState()
    putRows(s, [conversation(1, { rev: 5 })])
    expect(gone(s, 1, 4)).toBe(false)
    expect(gone(s, 1, 5)).toBe(true)
    expect(s.rows.size).toBe(0)
  })

  it('older messages go before, a hole drops what is not joined', () => {
    const srv = new Server(1), s = emptyState()
    for (let i = 0; i < 10; i++) srv.say('contact', String(i), true)
    install(s, { ...srv.fetch(), messages: srv.messages.slice(4, 6), more: true })
    prepend(s.talks.get(1)!, srv.messages.slice(0, 4), false)
    expect(s.talks.get(1)!.messages.map(m => m.seq)).toEqual([1, 2, 3, 4, 5, 6])
    install(s, { ...srv.fetch(), messages: srv.messages.slice(8), more: true })
    expect(s.talks.get(1)!.messages.map(m => m.seq)).toEqual([9, 10])
    expect(s.talks.get(1)!.more).toBe(true)
  })
})

describe('a bad network', () => {
  it('dropped, doubled and disordered events end at what the server has', () => {
    for (let seed = 1; seed <= 300; seed++) {
      const rnd = random(seed)
      const servers = [1, 2, 3].map(id => new Server(id))
      const s = emptyState()
      install(s, servers[0]!.fetch())
      install(s, servers[1]!.fetch())
      putRows(s, [servers[2]!.row])
      const wire: Event[] = []
      const asked = new Set<number>()
      const deliver = (e: Event) => { if (apply(s, e) === 'gap') asked.add(e.conv) }
      for (let n = 0; n < 60; n++) {
        const srv = servers[Math.floor(rnd() * 3)]!
        const kind = rnd()
        const e = kind < 0.2 && srv.messages.length ? srv.mark(srv.messages.length, rnd() < 0.5)
          : kind < 0.3 && srv.messages.length ? srv.fail(1 + Math.floor(rnd() * srv.messages.length), rnd() < 0.5)
          : srv.say(rnd() < 0.6 ? 'contact' : 'agent', `m${n}`, rnd() < 0.5)
        if (rnd() > 0.15) wire.push(e)
        if (rnd() < 0.15) wire.push(structuredClone(e))
        while (wire.length > 4 || (wire.length && rnd() < 0.5)) deliver(wire.splice(Math.floor(rnd() * wire.length), 1)[0]!)
        for (const conv of asked) if (rnd() < 0.3) { asked.delete(conv); if (install(s, servers[conv - 1]!.fetch()) === 'gap') asked.add(conv) }
      }
      for (const e of wire) deliver(e)
      for (const srv of servers) deliver(srv.say('agent', 'bye', rnd() < 0.5)) // a later event shows what was lost at the end
      for (const conv of asked) install(s, servers[conv - 1]!.fetch())
      for (const srv of servers) {
        const talk = s.talks.get(srv.row.id)
        expect(s.rows.get(srv.row.id), `row, seed ${seed}`).toEqual({ ...srv.row, contact_level: undefined })
        if (!talk) continue
        expect(talk.messages, `messages, seed ${seed}`).toEqual(srv.messages)
        expect(talk.rev).toBe(srv.row.rev)
        expect(talk.early).toEqual([])
      }
    }
  })
})

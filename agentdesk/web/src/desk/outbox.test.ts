import { describe, expect, it, vi } from 'vitest'
import { ApiError } from '@/api/client'
import type { Message } from '@/api/types'
import { newCID, Outbox, type Unsent } from './outbox'

class MemoryStore {
  map = new Map<string, string>()
  get length() { return this.map.size }
  key(i: number) { return [...this.map.keys()][i] ?? null }
  getItem(k: string) { return this.map.get(k) ?? null }
  setItem(k: string, v: string) { this.map.set(k, v) }
  removeItem(k: string) { this.map.delete(k) }
}

const unsent = (cid: string, at: number, conv = 1): Unsent => ({ cid, conv, text: cid, files: [], note: false, at, state: 'sending' })
const message = (u: Unsent): Message => ({ id: u.at, conv: u.conv, seq: u.at, from: 'agent', kind: 'text', text: u.text, at: u.at, cid: u.cid, state: 'stored' })

function open(store: MemoryStore, send: (u: Unsent) => Promise<Message>) {
  const sent: string[] = []
  const later: (() => void)[] = []
  const box = new Outbox({ store, prefix: 'o.', send, sent: m => sent.push(m.cid!), wait: fn => later.push(fn) })
  return { box, sent, later }
}

describe('outbox', () => {
  it('sends in order, one at a time in a conversation', async () => {
    let flying = 0
    const { box, sent } = open(new MemoryStore(), async u => {
      expect(++flying).toBe(1)
      await Promise.resolve()
      flying--
      return message(u)
    })
    for (const c of ['a', 'b', 'c']) box.add(unsent(c, c.charCodeAt(0)))
    await vi.waitFor(() => expect(sent).toEqual(['a', 'b', 'c']))
    expect(box.items).toEqual([])
  })

  it('keeps order over a broken connection and repeats the same cid', async () => {
    const tried: string[] = []
    let down = true
    const { box, sent, later } = open(new MemoryStore(), u => {
      tried.push(u.cid)
      return down ? Promise.reject(new ApiError(0, 'offline', '')) : Promise.resolve(message(u))
    })
    box.add(unsent('a', 1))
    await vi.waitFor(() => expect(later).toHaveLength(1))
    box.add(unsent('b', 2))
    await vi.waitFor(() => expect(later).toHaveLength(2))
    down = false
    later.forEach(fn => fn())
    await vi.waitFor(() => expect(sent).toEqual(['a', 'b']))
    expect(tried).toEqual(['a', 'a', 'a', 'b'])
  })

  it('a refusal stays visible with its reason and does not block the next', async () => {
    const { box, sent } = open(new MemoryStore(), u => u.cid === 'a' ? Promise.reject(new ApiError(409, 'not_owner', 'moved')) : Promise.resolve(message(u)))
    box.add(unsent('a', 1))
    box.add(unsent('b', 2))
    await vi.waitFor(() => expect(sent).toEqual(['b']))
    expect(box.items[0]).toMatchObject({ cid: 'a', state: 'failed', code: 'not_owner' })
  })

  it('survives a reload', async () => {
    const store = new MemoryStore()
    const first = open(store, () => new Promise(() => undefined))
    first.box.add(unsent('b', 2))
    first.box.add(unsent('a', 1))
    const second = open(store, u => Promise.resolve(message(u)))
    expect(second.box.items.map(u => u.cid)).toEqual(['a', 'b'])
    second.box.flushAll()
    await vi.waitFor(() => expect(second.sent).toEqual(['a', 'b']))
    expect(store.length).toBe(0)
  })

  it('client ids are legal and differ', () => {
    expect(newCID()).toMatch(/^[A-Za-z0-9_-]{1,64}$/)
    expect(newCID()).not.toBe(newCID())
  })
})

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { backoff, DeskSocket, type Frame } from './socket'

/** A socket whose other end is the test. */
class Fake {
  static all: Fake[] = []
  sent: Frame[] = []
  onopen: (() => void) | null = null
  onmessage: ((e: { data: string }) => void) | null = null
  onclose: ((e: { code: number }) => void) | null = null
  constructor() { Fake.all.push(this) }
  send(s: string) { this.sent.push(JSON.parse(s) as Frame) }
  close(code = 1000) { this.onclose?.({ code }) }
  push(f: object) { this.onmessage?.({ data: JSON.stringify(f) }) }
}

function open() {
  const frames: Frame[] = [], states: string[] = []
  const s = new DeskSocket({ url: 'ws://x', token: () => 'tok', frame: f => frames.push(f), state: st => states.push(st), make: () => new Fake() as unknown as WebSocket })
  s.connect()
  const ws = Fake.all.at(-1)!
  ws.onopen!()
  return { s, ws, frames, states }
}

describe('desk socket', () => {
  beforeEach(() => { vi.useFakeTimers(); Fake.all = [] })
  afterEach(() => { vi.useRealTimers() })

  it('says hello with the token and comes back with the last position', () => {
    const { s, ws } = open()
    expect(ws.sent[0]).toMatchObject({ t: 'hello', token: 'tok', pos: '' })
    ws.push({ t: 'welcome', re: 1, pos: 'g.1', resumed: false })
    ws.push({ t: 'event', pos: 'g.7' })
    expect(s.pos).toBe('g.7')
    ws.close(1006)
    vi.advanceTimersByTime(500)
    const again = Fake.all.at(-1)!
    again.onopen!()
    expect(again.sent[0]).toMatchObject({ t: 'hello', pos: 'g.7' })
  })

  it('matches answers to requests and errors to rejections', async () => {
    const { s, ws } = open()
    ws.push({ t: 'welcome', re: 1, pos: 'g.1' })
    const a = s.request('accept', { offer: 1 }), b = s.request('accept', { offer: 2 })
    ws.push({ t: 'error', re: ws.sent[2]!.id, code: 'offer_taken', text: 'taken' })
    ws.push({ t: 'ok', re: ws.sent[1]!.id, conv: { id: 5 } })
    await expect(a).resolves.toMatchObject({ conv: { id: 5 } })
    await expect(b).rejects.toMatchObject({ code: 'offer_taken' })
  })

  it('a broken connection rejects what waits, so that it can be sent again', async () => {
    const { s, ws } = open()
    ws.push({ t: 'welcome', re: 1, pos: 'g.1' })
    const a = s.request('reply', { cid: 'x' })
    ws.close(1006)
    await expect(a).rejects.toMatchObject({ code: 'offline' })
  })

  it.each([
    [4401, 'ended', 1], [4403, 'denied', 1], [4409, 'replaced', 1],
    [4503, 'unavailable', 2], [1006, 'waiting', 2], [4408, 'waiting', 2],
  ])('close code %d means %s', (code, state, sockets) => {
    const { ws, states } = open()
    ws.close(code)
    expect(states.at(-1)).toBe(state)
    vi.advanceTimersByTime(1000)
    expect(Fake.all).toHaveLength(sockets)
  })

  it('waits as long as a moving node asks', () => {
    const { ws } = open()
    ws.push({ t: 'moving', retry_ms: 5000 })
    ws.close(1001)
    vi.advanceTimersByTime(4900)
    expect(Fake.all).toHaveLength(1)
    vi.advanceTimersByTime(200)
    expect(Fake.all).toHaveLength(2)
  })

  it('a dead connection is noticed by the missing pong', () => {
    const { ws } = open()
    ws.push({ t: 'welcome', re: 1, pos: 'g.1' })
    vi.advanceTimersByTime(20_000)
    expect(ws.sent.at(-1)).toMatchObject({ t: 'ping' })
    vi.advanceTimersByTime(10_500)
    expect(Fake.all.length).toBeGreaterThan(1)
  })

  it('back-off doubles to 15 s with 30 % of chance', () => {
    expect(backoff(0, () => 0.5)).toBe(300)
    expect(backoff(20, () => 0.5)).toBe(15_000)
    expect(backoff(20, () => 0)).toBe(10_500)
    expect(backoff(20, () => 1)).toBeCloseTo(19_500)
  })
})

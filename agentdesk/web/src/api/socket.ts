import { ApiError } from './client'

/** What a pushed frame or an answer looks like; t is its type, re the request it answers. */
export interface Frame { t: string; re?: number; pos?: string; code?: string; text?: string; [k: string]: unknown }

export type SocketState = 'idle' | 'connecting' | 'online' | 'waiting' | 'unavailable' | 'replaced' | 'denied' | 'ended'

export interface SocketOptions {
  url: string
  token: () => string
  /** Called with each pushed frame, in order; the welcome too. */
  frame: (f: Frame) => void
  state: (s: SocketState, retryAt: number) => void
  /** Injected in tests. */
  make?: (url: string) => WebSocket
}

/** How long an answer may take, ms; then the request fails with "timeout" and may be repeated with the same cid. */
const answerWait = 15_000
/** Silence after which the connection counts as dead, ms: the server pings every 25 s, which scripts do not see, so we ping too. */
const pingEvery = 20_000
const pongWait = 10_000

interface Pending { resolve: (f: Frame) => void; reject: (e: ApiError) => void; timer: ReturnType<typeof setTimeout> }

/** backoff returns the wait before try n (from 0), ms: 0.3 s × 2ⁿ, at most 15 s, ± 30 %. */
export function backoff(n: number, random = Math.random): number {
  return Math.min(300 * 2 ** n, 15_000) * (0.7 + 0.6 * random())
}

/** The desk's socket: connects for ever, says where it stood, matches answers to requests. */
export class DeskSocket {
  pos = ''
  private ws: WebSocket | null = null
  private tries = 0
  private nextID = 1
  private welcomed = false
  private retryMs: number | null = null
  private timer: ReturnType<typeof setTimeout> | undefined
  private beat: ReturnType<typeof setInterval> | undefined
  private dead: ReturnType<typeof setTimeout> | undefined
  private pending = new Map<number, Pending>()
  private tab = crypto.randomUUID?.() ?? String(Math.random()).slice(2)

  constructor(private opt: SocketOptions) {}

  get online(): boolean { return this.welcomed }

  connect(): void {
    clearTimeout(this.timer)
    this.drop()
    this.opt.state('connecting', 0)
    const ws = (this.opt.make ?? (u => new WebSocket(u)))(this.opt.url)
    this.ws = ws
    ws.onopen = () => ws.send(JSON.stringify({ t: 'hello', id: this.nextID++, token: this.opt.token(), tab: this.tab, pos: this.pos }))
    ws.onmessage = e => { if (this.ws === ws) this.receive(JSON.parse(String(e.data)) as Frame) }
    ws.onclose = e => { if (this.ws === ws) this.closed(e.code) }
  }

  /** Ends the socket for good (logout). */
  close(): void {
    clearTimeout(this.timer)
    this.drop()
    this.opt.state('idle', 0)
  }

  /** Sends a request; rejects with ApiError: "offline" when not connected, "timeout", or the server's code. */
  request(t: string, body: object): Promise<Frame> {
    if (!this.welcomed || !this.ws) return Promise.reject(new ApiError(0, 'offline', 'not connected'))
    const id = this.nextID++
    const ws = this.ws
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => { this.pending.delete(id); reject(new ApiError(0, 'timeout', 'no answer')) }, answerWait)
      this.pending.set(id, { resolve, reject, timer })
      ws.send(JSON.stringify({ t, id, ...body }))
    })
  }

  /** Sends a frame that has no answer; lost when not connected. */
  tell(t: string, body: object): void {
    if (this.welcomed) this.ws?.send(JSON.stringify({ t, ...body }))
  }

  private receive(f: Frame): void {
    clearTimeout(this.dead)
    if (f.pos) this.pos = f.pos
    if (f.t === 'welcome') {
      this.welcomed = true
      this.tries = 0
      this.retryMs = null
      this.beat = setInterval(() => this.ping(), pingEvery)
      this.opt.state('online', 0)
    }
    if (f.t === 'moving') this.retryMs = Number(f.retry_ms ?? 0)
    const p = f.re === undefined ? undefined : this.pending.get(f.re)
    if (p) {
      this.pending.delete(f.re!)
      clearTimeout(p.timer)
      if (f.t === 'error') p.reject(new ApiError(409, f.code ?? 'internal', f.text ?? ''))
      else p.resolve(f)
      return
    }
    if (f.t !== 'pong') this.opt.frame(f)
  }

  private ping(): void {
    this.tell('ping', {})
    clearTimeout(this.dead)
    this.dead = setTimeout(() => this.ws?.close(4000), pongWait)
  }

  private drop(): void {
    clearInterval(this.beat)
    clearTimeout(this.dead)
    this.welcomed = false
    const ws = this.ws
    this.ws = null
    if (ws) { ws.onclose = null; ws.onmessage = null; ws.close(1000) }
    for (const p of this.pending.values()) { clearTimeout(p.timer); p.reject(new ApiError(0, 'offline', 'the connection broke')) }
    this.pending.clear()
  }

  private closed(code: number): void {
    const moving = this.retryMs
    this.drop()
    if (code === 4401) return this.opt.state('ended', 0)
    if (code === 4403) return this.opt.state('denied', 0)
    if (code === 4409) return this.opt.state('replaced', 0)
    let wait = backoff(this.tries++)
    if (code === 1001) wait = moving ?? Math.random() * 2000
    if (code === 4429) wait = Math.max(moving ?? 0, 5000)
    this.retryMs = null
    this.opt.state(code === 4503 ? 'unavailable' : 'waiting', Date.now() + wait)
    this.timer = setTimeout(() => this.connect(), wait)
  }
}

import { reactive } from 'vue'
import { ApiError } from '@/api/client'
import type { FileRef, Message, Template } from '@/api/types'
import type { Letter } from './mail'

/** A reply on its way: kept on this device until the server has it, whatever happens to tab and network. */
export interface Unsent {
  cid: string
  conv: number
  text: string
  files: FileRef[]
  note: boolean
  template?: Template
  mail?: Letter
  at: number
  state: 'sending' | 'failed'
  code?: string
  reason?: string
}

/** Errors after which the same cid is tried again by itself: nothing is wrong with the message. */
const passing = new Set(['offline', 'timeout', 'unavailable', 'internal', 'rate', 'busy', 'slow', 'try_later', 'store_down', 'bus_down'])

/** Wait before a passing error is tried again, ms. */
const again = 2000

export interface OutboxOptions {
  /** Where unsent replies survive a reload; each has its own key, so that tabs do not overwrite each other. */
  store: Pick<Storage, 'getItem' | 'setItem' | 'removeItem' | 'key' | 'length'>
  prefix: string
  send: (u: Unsent) => Promise<Message>
  sent: (m: Message, u: Unsent) => void
  wait?: (fn: () => void, ms: number) => void
}

/** Sends replies in order, one at a time in each conversation. */
export class Outbox {
  readonly items: Unsent[] = reactive([])
  private busy = new Set<number>()
  private stopped = false

  constructor(private opt: OutboxOptions) {
    for (let i = 0; i < opt.store.length; i++) {
      const k = opt.store.key(i)
      if (!k?.startsWith(opt.prefix)) continue
      try { this.items.push(JSON.parse(opt.store.getItem(k) ?? '') as Unsent) } catch { opt.store.removeItem(k) }
    }
    this.items.sort((a, b) => a.at - b.at)
  }

  of(conv: number): Unsent[] { return this.items.filter(u => u.conv === conv) }

  add(u: Unsent): void {
    this.items.push(u)
    this.keep(u)
    void this.flush(u.conv)
  }

  /** Sends what waits; called after a reconnect too. */
  flushAll(): void {
    for (const conv of new Set(this.items.map(u => u.conv))) void this.flush(conv)
  }

  retry(cid: string): void {
    const u = this.items.find(x => x.cid === cid)
    if (!u) return
    Object.assign(u, { state: 'sending', code: undefined, reason: undefined })
    this.keep(u)
    void this.flush(u.conv)
  }

  drop(cid: string): void {
    const i = this.items.findIndex(u => u.cid === cid)
    if (i >= 0) this.items.splice(i, 1)
    this.opt.store.removeItem(this.opt.prefix + cid)
  }

  stop(): void { this.stopped = true }

  private keep(u: Unsent): void {
    try { this.opt.store.setItem(this.opt.prefix + u.cid, JSON.stringify(u)) } catch { /* full or forbidden: it stays in memory */ }
  }

  private async flush(conv: number): Promise<void> {
    if (this.busy.has(conv)) return
    this.busy.add(conv)
    try {
      for (let u = this.next(conv); u; u = this.next(conv)) {
        try {
          const m = await this.opt.send(u)
          this.drop(u.cid)
          this.opt.sent(m, u)
        } catch (e) {
          if (!(e instanceof ApiError) || passing.has(e.code) || e.status >= 500) {
            const wait = this.opt.wait ?? setTimeout
            wait(() => { void this.flush(conv) }, again)
            return
          }
          Object.assign(u, { state: 'failed', code: e.code, reason: e.detail })
          this.keep(u)
        }
      }
    } finally {
      this.busy.delete(conv)
    }
  }

  private next(conv: number): Unsent | undefined {
    return this.stopped ? undefined : this.items.find(u => u.conv === conv && u.state === 'sending')
  }
}

/** A client id: 1–64 of [A-Za-z0-9_-], random. */
export function newCID(): string {
  const b = crypto.getRandomValues(new Uint8Array(12))
  return 'd' + Array.from(b, x => x.toString(16).padStart(2, '0')).join('')
}

import type { Event, Message, SendState } from '@/api/types'
import { mailOf, topic } from './mail'
import type { Unsent } from './outbox'
import type { Talk } from './state'

export type Item =
  | { type: 'day'; key: string; at: number }
  | { type: 'msg'; key: string; msg: Message; state: SendState; first: boolean; /** A mail under another subject than the one before. */ topic?: boolean }
  | { type: 'line'; key: string; ev: Event }
  | { type: 'unsent'; key: string; unsent: Unsent }

/** Events that are told in the timeline; offers are told in the decision record only. */
const told = new Set(['routed', 'requeued', 'unroutable', 'assigned', 'parked', 'wrapup', 'closed', 'reopened', 'rated', 'feedback'])

/** Messages of one writer closer than this hang together, ms. */
const together = 3 * 60_000

/** Puts messages, what happened between them, day marks and what is not sent yet in one order. */
export function timeline(talk: Talk, unsent: Unsent[]): Item[] {
  const out: Item[] = []
  const lines = talk.events.filter(e => told.has(e.kind))
  let day = '', i = 0, subject: string | undefined
  let last: Message | null = null
  const mark = (at: number) => {
    const d = new Date(at).toDateString()
    if (d !== day) { day = d; last = null; out.push({ type: 'day', key: `d${d}`, at }) }
  }
  const tell = (until: number) => {
    for (; i < lines.length && lines[i]!.at <= until; i++) {
      mark(lines[i]!.at)
      out.push({ type: 'line', key: `e${lines[i]!.rev}`, ev: lines[i]! })
      last = null
    }
  }
  const from = talk.more ? talk.messages[0]?.at ?? 0 : 0
  while (i < lines.length && lines[i]!.at < from) i++ // before the loaded part
  const cids = new Set<string>()
  for (const m of talk.messages) {
    tell(m.at - 1)
    mark(m.at)
    const first: boolean = !last || last.from !== m.from || last.author !== m.author || m.at - last.at > together
    const under = m.kind === 'mail' ? topic(mailOf(m).subject) : subject
    out.push({ type: 'msg', key: `m${m.seq}`, msg: m, state: progress(m, talk), first, ...(under !== subject ? { topic: true } : {}) })
    subject = under
    if (m.cid) cids.add(m.cid)
    last = m
  }
  tell(Infinity)
  for (const u of unsent) if (!cids.has(u.cid)) { mark(u.at); out.push({ type: 'unsent', key: `u${u.cid}`, unsent: u }) }
  return out
}

/** How far an outgoing message got: its own state, or the customer's positions. */
export function progress(m: Message, talk: Pick<Talk, 'row'>): SendState {
  if (m.from === 'contact' || m.from === 'note') return m.state === 'fetching' || m.state === 'recalled' ? m.state : 'stored'
  if (m.state === 'failed' || m.state === 'unknown' || m.state === 'withdrawn') return m.state
  if (m.state === 'read' || m.seq <= talk.row.contact_saw) return 'read'
  if (m.state === 'delivered' || m.seq <= talk.row.contact_got) return 'delivered'
  return m.state === 'stored' ? 'sent' : m.state
}

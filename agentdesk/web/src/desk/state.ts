import type { Contact, Conversation, ConversationView, Event, Message } from '@/api/types'

/** A conversation whose timeline is loaded. rev is the last event applied; later ones that came too early wait in early. */
export interface Talk {
  conv: number
  rev: number
  row: Conversation
  contact: Contact
  messages: Message[]
  more: boolean
  events: Event[]
  previous: Conversation[]
  early: Event[]
}

/** What the screen knows: list rows, and timelines of the conversations that were opened. */
export interface DeskState {
  rows: Map<number, Conversation>
  talks: Map<number, Talk>
}

/** What became of an event: applied, known already, or something between is missing and must be fetched. */
export type Applied = 'applied' | 'old' | 'gap'

/** Early events kept per timeline; beyond, a fetch heals what was dropped. */
const maxEarly = 200

export function emptyState(): DeskState {
  return { rows: new Map(), talks: new Map() }
}

/** Puts rows from a list or a snapshot; a row that is known newer stays. */
export function putRows(s: DeskState, rows: Conversation[]): void {
  for (const r of rows) {
    const known = s.rows.get(r.id)
    if (!known || r.rev >= known.rev) s.rows.set(r.id, named(r, known))
    const talk = s.talks.get(r.id)
    if (talk && r.rev >= talk.row.rev) talk.row = named(r, talk.row)
  }
}

/** Applies one pushed event. "gap" asks the caller to fetch the conversation and give it to install. */
export function apply(s: DeskState, ev: Event): Applied {
  const row = applyRow(s, ev)
  const talk = s.talks.get(ev.conv)
  if (!talk) return row
  if (ev.rev <= talk.rev) return 'old'
  if (ev.rev > talk.rev + 1) {
    if (talk.early.length < maxEarly && !talk.early.some(e => e.rev === ev.rev)) talk.early.push(ev)
    return 'gap'
  }
  step(talk, ev)
  drain(talk)
  return talk.early.length > 0 ? 'gap' : 'applied'
}

/** Puts a fetched conversation under what came by events meanwhile. Reports whether something is still missing. */
export function install(s: DeskState, v: ConversationView): Applied {
  const old = s.talks.get(v.row.id)
  const talk: Talk = old ?? { conv: v.row.id, rev: 0, row: v.row, contact: v.contact, messages: [], more: v.more, events: [], previous: [], early: [] }
  const fresh = v.messages ?? []
  const last = talk.messages.at(-1)?.seq ?? 0
  const first = fresh[0]?.seq
  if (first !== undefined && last > 0 && first > last + 1) talk.messages = [] // a hole: keep only what is whole
  if (talk.messages.length === 0) talk.more = v.more
  for (const m of fresh) putMessage(talk, m)
  if (v.row.rev >= talk.rev) {
    talk.rev = v.row.rev
    talk.contact = v.contact
    talk.previous = v.previous ?? []
  }
  if (v.row.rev >= talk.row.rev) talk.row = named(v.row, talk.row)
  for (const e of v.events ?? []) putEvent(talk, e)
  s.talks.set(talk.conv, talk)
  putRows(s, [v.row])
  drain(talk)
  return talk.early.length > 0 ? 'gap' : 'applied'
}

/** Takes a conversation away that left the scope, unless we know it newer. */
export function gone(s: DeskState, conv: number, rev: number): boolean {
  const known = s.rows.get(conv)
  if (known && known.rev > rev) return false
  s.talks.delete(conv)
  return s.rows.delete(conv)
}

/** Puts older messages before a timeline. */
export function prepend(talk: Talk, older: Message[], more: boolean): void {
  for (const m of older) putMessage(talk, m)
  talk.more = more
}

/** Inserts or replaces a message by its seq. A state never goes back from what a later event said. */
export function putMessage(talk: Talk, m: Message): void {
  const list = talk.messages
  let i = list.length
  while (i > 0 && list[i - 1]!.seq > m.seq) i--
  if (i > 0 && list[i - 1]!.seq === m.seq) list[i - 1] = m
  else list.splice(i, 0, m)
}

function putEvent(talk: Talk, e: Event): void {
  if (e.kind === 'message' || e.kind === 'state') return // seen in the messages themselves
  const list = talk.events
  let i = list.length
  while (i > 0 && list[i - 1]!.rev > e.rev) i--
  if (i > 0 && list[i - 1]!.rev === e.rev) list[i - 1] = e
  else list.splice(i, 0, e)
}

function drain(talk: Talk): void {
  talk.early.sort((a, b) => a.rev - b.rev)
  while (talk.early.length > 0 && talk.early[0]!.rev <= talk.rev + 1) {
    const e = talk.early.shift()!
    if (e.rev === talk.rev + 1) step(talk, e)
  }
}

/** Applies the very next event to a timeline. */
function step(talk: Talk, ev: Event): void {
  talk.rev = ev.rev
  if (ev.row && ev.row.rev >= talk.row.rev) talk.row = named(ev.row, talk.row)
  else if (ev.rev > talk.row.rev) talk.row = delta(talk.row, ev)
  if (ev.msg) putMessage(talk, ev.msg)
  const d = ev.data
  if (ev.kind === 'state' && d?.msg && d.state) {
    const i = talk.messages.findIndex(m => m.id === d.msg)
    if (i >= 0) talk.messages[i] = { ...talk.messages[i]!, state: d.state, reason: d.reason, code: d.code, files: d.files ?? talk.messages[i]!.files }
  }
  putEvent(talk, ev)
}

function applyRow(s: DeskState, ev: Event): Applied {
  const known = s.rows.get(ev.conv)
  if (ev.row && (!known || ev.row.rev >= known.rev)) {
    s.rows.set(ev.conv, named(ev.row, known))
    return 'applied'
  }
  if (!known) return 'gap'
  if (ev.rev <= known.rev) return 'old'
  if (ev.rev > known.rev + 1) return 'gap'
  s.rows.set(ev.conv, delta(known, ev))
  return 'applied'
}

/** The row after an event that came without one. */
function delta(row: Conversation, ev: Event): Conversation {
  const r: Conversation = { ...row, rev: ev.rev, status: ev.after.status, owner: ev.after.owner, queue: ev.after.queue ?? row.queue, team: ev.after.team }
  const d = ev.data ?? {}
  if (ev.msg && ev.kind === 'message') { // another kind tells what became of an old one
    r.last_seq = Math.max(r.last_seq, ev.msg.seq)
    r.last_at = ev.msg.at
    if (ev.msg.from !== 'note' && ev.msg.from !== 'system') Object.assign(r, { preview: previewOf(ev.msg), preview_from: ev.msg.from })
    if (ev.msg.from === 'contact') Object.assign(r, { unread: r.unread + 1, waiting_from: r.waiting_from || ev.msg.at })
    if (ev.msg.from === 'agent') Object.assign(r, { waiting_from: 0, first_at: r.first_at || ev.msg.at })
  }
  if (ev.kind === 'state') {
    r.contact_got = Math.max(r.contact_got, d.contact_got ?? 0)
    r.contact_saw = Math.max(r.contact_saw, d.contact_saw ?? 0)
    if ((d.agent_seen ?? 0) > r.agent_seen) Object.assign(r, { agent_seen: d.agent_seen, unread: d.agent_seen! >= r.last_seq ? 0 : r.unread })
  }
  if (ev.kind === 'tagged') r.tags = d.tags
  if (ev.kind === 'rated') r.stars = d.stars
  if (ev.kind === 'closed') Object.assign(r, { closed_at: ev.at, category: d.category ?? r.category, summary: d.summary ?? r.summary })
  if (ev.kind === 'assigned') r.assigned_at = ev.at
  if (ev.kind === 'routed') r.queued_at = r.queued_at || ev.at
  return r
}

/** Kinds whose preview is their name when they have no text. */
const kindly = new Set(['voice', 'video', 'location', 'link', 'minipage', 'template', 'event', 'other'])

/** The preview that a message gives its row: the same rule as the server's. */
export function previewOf(m: Pick<Message, 'text' | 'files'> & { kind?: Message['kind'] }): string {
  if (m.text) return m.text
  if (m.kind && kindly.has(m.kind)) return `[${m.kind}]`
  if (!m.files?.length) return ''
  return m.files[0]!.type.startsWith('image/') ? '[image]' : '[file]'
}

/** Rows of events may come without the joined customer: keep the name that we know of the same one. */
function named(row: Conversation, known?: Conversation): Conversation {
  if (known?.contact !== row.contact) return row
  return { ...row, contact_name: row.contact_name || known?.contact_name, contact_level: row.contact_level ?? known?.contact_level }
}

/** The widget's logic without a browser: what is known, what waits to be sent, when to connect again. */

export type From = 'contact' | 'bot' | 'agent' | 'system'
export type Status = '' | 'bot' | 'waiting' | 'agent' | 'ended'

export interface Option { value: string; text: string }
export interface FileRef { id?: number; name: string; type: string; size: number; w?: number; h?: number; url: string }

/** A stored message, as docs/protocol.md §3 has it. */
export interface Msg {
  id: number; conv: number; seq: number; from: From; name?: string; kind: string; text?: string
  files?: FileRef[]; extra?: { options?: Option[] }; at: number; cid?: string
  /** Acknowledged, but not yet seen in the stream: sent, not delivered. */
  fresh?: boolean
}

/** A message of the customer's that the server has not acknowledged. */
export interface Out {
  cid: string; text: string; at: number; choice?: string
  /** Uploaded files. */
  files?: FileRef[]
  /** Why it will not be tried again by itself; the code of the error. */
  failed?: string
  /** Still uploading: percent done. Such items do not outlive the page. */
  progress?: number
}

export interface View {
  conv?: number; rev?: number; status?: Status; agent?: string; seen?: number; stars?: number; messages: Msg[]; more?: boolean
}

export interface State {
  token: string; conv: number; status: Status; agent: string; seen: number; stars: number; more: boolean
  msgs: Msg[]; out: Out[]
  /** id of the last message that the customer has seen. */
  saw: number
  place: number; waitS: number
  /** A new conversation was asked for after the message with this id. */
  cutAt: number
}

export const fresh = (): State => ({
  token: '', conv: 0, status: '', agent: '', seen: 0, stars: 0, more: false, msgs: [], out: [], saw: 0, place: 0, waitS: 0, cutAt: 0,
})

/** merge adds messages: each (conv, seq) once, conversations in order of their first message. */
export function merge(have: Msg[], more: Msg[]): Msg[] {
  const all = new Map<string, Msg>()
  for (const m of have) all.set(m.conv + ':' + m.seq, m)
  for (const m of more) all.set(m.conv + ':' + m.seq, m)
  const first = new Map<number, number>()
  for (const m of all.values()) first.set(m.conv, Math.min(first.get(m.conv) ?? m.at, m.at))
  return [...all.values()].sort((a, b) =>
    a.conv === b.conv ? a.seq - b.seq : first.get(a.conv)! - first.get(b.conv)! || a.conv - b.conv)
}

/** take adds messages to the state; what came back from the server need not be sent again. */
export function take(s: State, msgs: Msg[]): void {
  s.msgs = merge(s.msgs, msgs)
  const cids = new Set(msgs.map(m => m.cid))
  s.out = s.out.filter(o => !cids.has(o.cid))
}

/** resume is the position for hello: the newest message that we have of the conversation. */
export function resume(s: State): { conv?: number; after: number } {
  let after = 0
  // What was only acknowledged does not count: messages of others may stand before it.
  for (const m of s.msgs) if (m.conv === s.conv) { if (m.fresh) break; after = m.seq }
  return s.conv ? { conv: s.conv, after } : { after: 0 }
}

/** welcome applies the view of a (re)connect; it returns whether older messages must be asked for. */
export function welcome(s: State, v: View): boolean {
  const moved = !!v.conv && v.conv !== s.conv
  const hole = moved && s.msgs.length > 0
  s.conv = v.conv ?? 0
  s.status = v.status ?? ''
  s.agent = v.agent ?? ''
  s.seen = v.seen ?? 0
  s.stars = v.stars ?? 0
  if (moved) s.place = 0
  if (!s.msgs.length) s.more = !!v.more
  take(s, v.messages)
  return hole
}

export interface Push { conv: number; rev?: number; msg?: Msg; status?: Status; agent?: string; seen?: number }

/** event applies one push. */
export function event(s: State, e: Push): void {
  if (e.conv !== s.conv) {
    if (e.status === 'ended' && s.conv) return void (e.msg && take(s, [e.msg]))
    s.conv = e.conv
    s.seen = s.stars = s.place = 0
    s.agent = ''
  }
  if (e.status && e.status !== s.status) { s.status = e.status; s.place = 0 }
  if (e.agent !== undefined) s.agent = e.agent
  if (e.seen) s.seen = Math.max(s.seen, e.seen)
  if (e.msg) take(s, [e.msg])
}

/** stored moves an acknowledged message from the queue to the log. */
export function stored(s: State, a: { cid: string; conv: number; seq: number; at: number; msg: number }): void {
  const o = s.out.find(o => o.cid === a.cid)
  s.out = s.out.filter(o => o.cid !== a.cid)
  if (a.conv !== s.conv) { s.conv = a.conv; s.status = 'bot'; s.seen = s.stars = 0; s.agent = '' }
  if (!o || s.msgs.some(m => m.conv === a.conv && m.seq === a.seq)) return
  const img = o.files?.length && o.files.every(f => f.type.startsWith('image/'))
  s.msgs = merge(s.msgs, [{ id: a.msg, conv: a.conv, seq: a.seq, at: a.at, from: 'contact', cid: a.cid, text: o.text,
    files: o.files, kind: img ? 'image' : o.files?.length ? 'file' : 'text', fresh: true }])
}

/** next is the message to send now: the oldest that is complete and has not failed. */
export const next = (s: State): Out | undefined => s.out.find(o => !o.failed && o.progress === undefined)

/** tick is what the marks beside an own message say. */
export function tick(s: State, m: Msg): 'sent' | 'delivered' | 'read' {
  if (m.conv === s.conv && m.seq <= s.seen) return 'read'
  if (s.msgs.some(o => o.conv === m.conv && o.seq > m.seq && (o.from === 'bot' || o.from === 'agent'))) return 'read'
  return m.fresh ? 'sent' : 'delivered'
}

/** unread counts what came from the other side since the customer looked. */
export function unread(s: State): number {
  const at = s.msgs.findIndex(m => m.id === s.saw)
  return s.msgs.slice(at + 1).filter(m => m.from === 'bot' || m.from === 'agent').length
}

/** pressable reports whether a message's buttons still ask something: nobody has answered since. */
export function pressable(s: State, m: Msg): boolean {
  const at = s.msgs.indexOf(m)
  return m.conv === s.conv && s.status !== 'ended' && s.out.length === 0 && !s.msgs.slice(at + 1).some(o => o.from === 'contact')
}

/** lastSeq is the newest seq of the current conversation that the other side wrote. */
export function lastSeq(s: State): number {
  for (let i = s.msgs.length - 1; i >= 0; i--) {
    const m = s.msgs[i]!
    if (m.conv === s.conv && m.from !== 'contact') return m.seq
  }
  return 0
}

/** What to do after a close code: docs/protocol.md §1. wait < 0: stay away. */
export interface Retry { wait: number; forget?: boolean; blame?: boolean }

/** retry decides when to connect again after the n-th failure in a row. */
export function retry(code: number, n: number, retryMs: number, rnd = Math.random): Retry {
  const backoff = Math.min(15000, 300 * 2 ** Math.min(n, 10)) * (0.7 + 0.6 * rnd())
  switch (code) {
    case 1000: case 4403: case 4409: return { wait: -1 }
    case 1001: return { wait: retryMs || rnd() * 2000 }
    case 1009: case 4400: return { wait: backoff, blame: true }
    case 4401: return { wait: n ? backoff : 0, forget: true }
    case 4429: return { wait: Math.max(5000, retryMs) }
  }
  return { wait: backoff }
}

/** What outlives the page. */
export interface Saved { token: string; conv: number; saw: number; msgs: Msg[]; out: Out[]; lang?: string; sound?: boolean }

/** How many messages are kept for the next page; the rest comes from the server. */
const keep = 60

/** save returns what to keep. Other tabs' unsent messages stay; done are the ones that have been acknowledged. */
export function save(s: State, old: Partial<Saved>, done: Set<string>): Saved {
  const mine = s.out.filter(o => o.progress === undefined)
  const cids = new Set(mine.map(o => o.cid))
  const others = (old.out ?? []).filter(o => !done.has(o.cid) && !cids.has(o.cid))
  return { ...old, token: s.token, conv: s.conv, saw: s.saw, msgs: s.msgs.slice(-keep), out: [...others, ...mine].sort((a, b) => a.at - b.at) }
}

/** load fills a state from what was kept; anything odd is ignored. */
export function load(raw: string | null): { state: State; saved: Partial<Saved> } {
  const state = fresh()
  let saved: Partial<Saved> = {}
  try { saved = JSON.parse(raw || '{}') ?? {} } catch { /* damaged: begin anew */ }
  if (typeof saved.token === 'string') state.token = saved.token
  if (Array.isArray(saved.msgs) && state.token) {
    state.msgs = saved.msgs.filter(m => m && m.conv > 0 && m.seq > 0)
    state.conv = saved.conv || 0
    state.saw = saved.saw || 0
    state.more = state.msgs.length >= keep
  }
  if (Array.isArray(saved.out)) state.out = saved.out.filter(o => o && /^[\w-]{1,64}$/.test(o.cid))
  return { state, saved }
}

/** pieces cuts text into plain runs and links. */
export function pieces(text: string): { text: string; href?: string }[] {
  const out: { text: string; href?: string }[] = []
  let at = 0
  for (const m of text.matchAll(/https?:\/\/[^\s<>"'`，。；：！？、（）【】《》「」]+/gi)) {
    const link = m[0].replace(/[.,;:!?)\]}]+$/, '')
    if (m.index! > at) out.push({ text: text.slice(at, m.index) })
    out.push({ text: link, href: link })
    at = m.index! + link.length
  }
  if (at < text.length) out.push({ text: text.slice(at) })
  return out
}

/** size says bytes in words. */
export const size = (n: number): string => n < 1024 ? n + ' B' : n < 1 << 20 ? Math.round(n / 1024) + ' KB' : (n / 1048576).toFixed(1) + ' MB'

/** ink is the text colour that can be read on a background "#rrggbb": white, unless the colour is light (ITU-R BT.601 luma). */
export function ink(color: string): string {
  const n = parseInt(color.slice(1), 16)
  return 299 * (n >> 16) + 587 * (n >> 8 & 255) + 114 * (n & 255) > 165e3 ? '#14181f' : '#fff'
}

/** pickLang is the spoken language nearest to a list of BCP 47 tags. */
export function pickLang(tags: readonly string[]): Lang {
  for (const t of tags) {
    if (/^zh-(tw|hk|mo|hant)/i.test(t)) return 'zh-TW'
    if (/^zh/i.test(t)) return 'zh-CN'
    if (/^en/i.test(t)) return 'en'
  }
  return tags.length ? 'en' : 'zh-CN'
}

export type Lang = 'zh-CN' | 'zh-TW' | 'en'

import type { Conversation, FileRef, Message, Window } from '@/api/types'

/** Longest text that WeChat takes as one bubble, bytes; a longer one is cut and each part counts. */
export const bubbleBytes = 2048
/** Less than so long before the end is late, ms. */
const soon = 2 * 3600_000
/** How long the last message of a window waits for more text that goes into the same bubble, ms. */
export const holdFor = 8000

export type Tone = 'good' | 'warm' | 'closed'
/** Why nothing may be written: he refuses messages, too long ago, all used. */
export type Closed = 'ended' | 'time' | 'count'

export interface Left { left: number; until: number; tone: Tone; why?: Closed }

/** What may be written now, as the server counts it: the newest deed counts while it lasts, the end is the later of both. */
export function leftNow(w: Window, now: number): Left {
  const brief = now < (w.brief_until ?? 0)
  const open = !w.ended && (brief || now < w.until)
  if (!open) return { left: 0, until: 0, tone: 'closed', why: w.ended ? 'ended' : 'time' }
  const left = brief ? w.brief_left ?? 0 : w.left
  const until = brief ? Math.max(w.brief_until!, w.until) : w.until
  if (left <= 0) return { left: 0, until, tone: 'closed', why: 'count' }
  return { left, until, tone: left <= 1 || until - now < soon ? 'warm' : 'good' }
}

/** What is left of a time as the badge says it: "47 h", "12 min", "40 s". */
export function brief(ms: number): string {
  const s = Math.max(0, Math.ceil(ms / 1000))
  if (s >= 3600) return `${Math.floor(s / 3600)} h`
  return s >= 60 ? `${Math.floor(s / 60)} min` : `${s} s`
}

const bytes = (s: string): number => new TextEncoder().encode(s).length

/** How many messages of the window a reply takes: a text and two pictures are three. */
export function cost(text: string, files: number): number {
  const t = text.trim()
  return (t ? Math.ceil(bytes(t) / bubbleBytes) : 0) + files
}

/** The own message that waits for more: the last of the window, written a moment ago and not sent yet. */
export function held(row: Conversation, messages: Message[], me: number, now: number): Message | undefined {
  const m = messages.findLast(x => x.from !== 'note' && x.from !== 'system')
  if (!row.window || leftNow(row.window, now).left > 0 || row.window.ended) return undefined
  const waits = m?.from === 'agent' && m.author === me && m.state === 'pending' && m.kind === 'text' && !m.files?.length
  return waits && now - m.at < holdFor ? m : undefined
}

/** What a reply that is being written would take of the window, and whether it goes into the bubble that waits. */
export function priced(text: string, files: number | FileRef[], waiting?: Message): { cost: number; joins: boolean } {
  const n = typeof files === 'number' ? files : files.length
  const joins = !!waiting && n === 0 && bytes(`${waiting.text ?? ''}\n${text.trim()}`) <= bubbleBytes
  return { cost: joins ? 0 : cost(text, n), joins }
}

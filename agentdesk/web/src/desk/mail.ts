/** Mails on the desk: what a mail message has beside its text, and what is shown of it. */
import type { FileRef, Message } from '@/api/types'

export interface MailAddr { name?: string; addr: string }

/** Extra of a message of kind "mail": internal/zongji/mail.go. */
export interface Mail {
  subject: string; from?: MailAddr; to?: MailAddr[]; cc?: MailAddr[]; bcc?: MailAddr[]; reply_to?: MailAddr[]; message_id?: string; in_reply_to?: string
  raw?: FileRef; more?: boolean; html?: boolean; inline?: Record<string, number>; images?: number; calendar?: boolean; left?: string[]; hidden?: string; signed?: string
  class?: string; match?: string; match_ref?: string; topic?: boolean; auth?: string; quarantine?: string; forwarded?: boolean; auto?: string; signature?: string
  /** It lies elsewhere now. */
  moved?: { move: number; conv: number; msg: number }
}

/** The mail of a message; one that has none is an empty one. */
export const mailOf = (m: Pick<Message, 'extra'>): Mail => ({ subject: '', ...(m.extra as object | undefined) }) as Mail

/** A badge: its word in i18n mail.badge, how loud it is. */
export interface Badge { word: string; tone: 'bad' | 'warm' | 'plain' }

/** What must be known of a mail before it is believed. Ours need no proof. */
export function badges(m: Mail, ours: boolean): Badge[] {
  const out: Badge[] = []
  const add = (when: unknown, word: string, tone: Badge['tone'] = 'plain') => { if (when) out.push({ word, tone }) }
  add(m.quarantine, 'quarantine', 'bad')
  add(!ours && m.auth === 'fail', 'fail', 'bad')
  add(!ours && m.auth === 'none', 'none')
  add(m.class === 'bounce', 'bounce', 'warm')
  add(m.class === 'mailing_list' || m.class === 'bulk', 'list')
  add(!ours && m.class && !['human', 'human_no_autoreply', 'bounce', 'mailing_list', 'bulk'].includes(m.class) && !m.quarantine, 'auto', 'warm')
  add(ours && m.auto && m.auto !== 'draft', 'ours')
  add(m.forwarded, 'forwarded')
  add(m.calendar, 'calendar')
  add(m.hidden, m.hidden ?? '', 'warm')
  add(m.signed, `${m.signed}Signed`)
  return out
}

/** A subject without the marks of answers and forwards: two that agree are one matter. */
export const topic = (s: string): string => s.replace(/^\s*(?:(?:re|fw|fwd|aw|回复|答复|转发)\s*(?:\[\d+\])?\s*[:：]\s*)+/i, '').replace(/\s+/g, ' ').trim().toLowerCase()

/** Attachments without the pictures that stand within the text. */
export function attached(m: Pick<Message, 'files' | 'extra'>): FileRef[] {
  const mail = mailOf(m)
  const inside = new Set(mail.html ? Object.values(mail.inline ?? {}) : [])
  return (m.files ?? []).filter((f) => !inside.has(f.id))
}

export const shown = (a?: MailAddr): string => (a ? a.name && a.name !== a.addr ? `${a.name} <${a.addr}>` : a.addr : '')

const pattern = /^[^\s@<>(),;:"]+@[^\s@<>(),;:"]+\.[^\s@<>(),;:".]+$/
export const isAddr = (s: string): boolean => pattern.test(s)

/** Reads addresses as people paste them: "名字 <a@b.cn>, c@d.cn；e@f.cn". What is none stays in rest. */
export function parse(s: string): { list: MailAddr[]; rest: string } {
  const list: MailAddr[] = []
  const rest: string[] = []
  for (const part of s.split(/[,;，；、\n]+/).map((x) => x.trim()).filter(Boolean)) {
    const m = /^"?([^"<]*?)"?\s*<([^>]+)>$/.exec(part)
    const addr = (m ? m[2]! : part).trim()
    if (isAddr(addr)) list.push(m?.[1] ? { name: m[1], addr } : { addr })
    else if (!m && part.split(/\s+/).every(isAddr)) list.push(...part.split(/\s+/).map((a) => ({ addr: a })))
    else rest.push(part)
  }
  return { list, rest: rest.join(', ') }
}

/** Whom a mail is to be sent to, and under which subject. */
export interface Heading { to: MailAddr[]; cc: MailAddr[]; bcc: MailAddr[]; subject: string }

/** What a mail says beside its text; forward is the message that goes along as a file. */
export interface Letter extends Heading { forward?: number }

/** The heading of an answer: to who wrote last, or to whom we wrote when only we did; others who got it stay in copy. */
export function answer(messages: Message[], own: string[]): Heading {
  const mails = messages.filter((m) => m.kind === 'mail')
  const last = [...mails].reverse().find((m) => m.from === 'contact' && !machine(mailOf(m))) ?? [...mails].reverse().find((m) => m.from === 'contact')
  const ours = [...mails].reverse().find((m) => m.from === 'agent')
  const newest = last ?? ours
  if (!newest) return { to: [], cc: [], bcc: [], subject: '' }
  const m = mailOf(newest)
  const mine = new Set(own.map(bare))
  const to = newest === last ? (m.reply_to?.length ? m.reply_to : m.from ? [m.from] : []) : m.to ?? []
  const gone = new Set([...mine, ...to.map((a) => bare(a.addr))])
  const cc = [...(newest === last ? m.to ?? [] : []), ...(m.cc ?? [])].filter((a) => { const k = bare(a.addr); const fresh = !gone.has(k); gone.add(k); return fresh })
  return { to, cc, bcc: [], subject: re(m.subject) }
}

const machine = (m: Mail): boolean => !!m.class && m.class !== 'human' && m.class !== 'human_no_autoreply'
/** An address to compare: lower case, without the part behind "+". */
const bare = (a: string): string => a.toLowerCase().replace(/\+[^@]*(?=@)/, '')

/** The subject of an answer, and of a forward. */
export const re = (s: string): string => (s && !/^\s*(re|回复|答复)\s*[:：]/i.test(s) ? `Re: ${s}` : s)
export const fw = (s: string): string => (/^\s*(fwd?|转发)\s*[:：]/i.test(s) ? s : `Fwd: ${s}`)

export const sameList = (a: MailAddr[], b: MailAddr[]): boolean => a.length === b.length && a.every((x, i) => x.addr.toLowerCase() === b[i]!.addr.toLowerCase())


/** The mail of ours that may still be taken back: it waits to be sent. */
export function waiting(messages: Message[], me: number, now: number, span: number): Message | undefined {
  const m = [...messages].reverse().find((x) => x.kind === 'mail' && x.from === 'agent' && x.author === me)
  return m && m.state === 'pending' && now - m.at < span ? m : undefined
}

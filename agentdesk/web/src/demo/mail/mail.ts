/** The customers' mailboxes of the demo: internal/demo/mail.go, below /api/v1/demo/mail/. */
import { ApiError } from '@/api/client'

export interface Addr { name?: string; addr: string }
export interface Person { id: string; name: string; addr: string; unread: number }
export interface Post { company: Addr; people: Person[] }
export interface MailFile { name: string; type: string; size: number }
export interface Line { n: number; sent?: boolean; unread?: boolean; at: number; from: Addr; to: Addr[]; cc?: Addr[]; subject: string; snippet: string; files?: MailFile[] }
export interface Box { rev: number; mails: Line[] }
export interface Whole extends Line { text: string; auto?: boolean; head: { name: string; value: string }[] }
/** What is being written: to and cc as one types them. */
export interface Letter { to: string; cc: string; subject: string; text: string; reply: number; files: File[] }

const base = '/api/v1/demo/mail/'

async function call<T>(method: 'GET' | 'POST', path: string, body?: object, signal?: AbortSignal): Promise<T> {
  let res: Response
  try {
    res = await fetch(base + path, { method, signal, headers: { 'X-Zongji-Demo': '1', ...(body ? { 'Content-Type': 'application/json' } : {}) }, body: body && JSON.stringify(body) })
  } catch (e) {
    if (signal?.aborted) throw e
    throw new ApiError(0, 'offline', 'the server cannot be reached')
  }
  const got = (await res.json().catch(() => ({}))) as T & { error?: string; code?: string }
  if (!res.ok) throw new ApiError(res.status, got.code ?? `http_${res.status}`, got.error ?? '')
  return got
}
const of = (who: string) => `boxes/${encodeURIComponent(who)}`

export const post = () => call<Post>('GET', 'state')
/** Waits on the server until the mailbox has changed after rev; without rev it answers at once. */
export const box = (who: string, rev: number | undefined, signal: AbortSignal) => call<Box>('GET', of(who) + (rev === undefined ? '' : `?rev=${rev}`), undefined, signal)
export const whole = (who: string, n: number) => call<Whole>('GET', `${of(who)}/${n}`)
export const fileURL = (who: string, n: number, i: number): string => `${base}${of(who)}/${n}/files/${i}`

export async function send(who: string, l: Letter): Promise<void> {
  const files = await Promise.all(l.files.map(async (f) => ({ name: f.name, type: f.type, data: base64(new Uint8Array(await f.arrayBuffer())) })))
  await call('POST', of(who), { to: addresses(l.to), cc: addresses(l.cc), subject: l.subject.trim(), text: l.text, reply: l.reply, files })
}

function base64(b: Uint8Array): string {
  let s = ''
  for (let i = 0; i < b.length; i += 0x8000) s += String.fromCharCode(...b.subarray(i, i + 0x8000))
  return btoa(s)
}

/** Addresses as people type them: by comma, semicolon or space, Chinese ones too. */
export const addresses = (s: string): string[] => s.split(/[\s,;，；、]+/).filter(Boolean)

/** An empty letter to the company, or an answer to a mail. */
export function letter(to: string, m?: Whole): Letter {
  if (!m) return { to, cc: '', subject: '', text: '', reply: 0, files: [] }
  return { to: m.sent ? m.to.map((a) => a.addr).join(', ') : m.from.addr, cc: (m.cc ?? []).map((a) => a.addr).join(', '), subject: /^(re|回复|答复)\s*[:：]/i.test(m.subject) ? m.subject : `Re: ${m.subject}`, text: '', reply: m.n, files: [] }
}

/** A text cut where it begins to quote what came before: what is new, and the rest. */
export function cut(text: string): [string, string] {
  const lines = text.split('\n')
  let i = lines.findIndex((l) => l.startsWith('>'))
  if (i < 0) return [text.trimEnd(), '']
  while (i > 0 && (lines[i - 1]!.trim() === '' || /(写道|wrote)\s*[:：]\s*$/.test(lines[i - 1]!))) i--
  return [lines.slice(0, i).join('\n').trimEnd(), lines.slice(i).join('\n').trim()]
}

export const size = (n: number): string => (n < 1024 ? `${n} B` : n < 1 << 20 ? `${Math.round(n / 1024)} KB` : `${(n / (1 << 20)).toFixed(1)} MB`)

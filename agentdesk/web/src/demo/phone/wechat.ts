/** The demo's WeChat as its phones see it: the package comment of channels/wechat/wechattest, below /api/v1/demo/wechat/. */
import { ApiError } from '@/api/client'

export interface MenuButton { type?: string; name: string; key?: string; url?: string; sub_button?: MenuButton[] }
export interface Account {
  id: string; kind: 'oa' | 'mini' | 'kf'; name: string; callback: boolean; verified: boolean
  menu?: MenuButton[]; scenes?: string[]; templates?: { id: string; title: string }[]; contact_ways?: string[]; servicers?: { userid: string; status: number }[]
}
export interface Person { id: string; name: string; unionid?: string; chats: string[] }
export interface World { now: number; ahead_s: number; accounts: Account[]; users: Person[] }
export interface Line {
  n: number; at: number; from: 'me' | 'account' | 'servicer' | 'notice'; via?: string; kind: string; text?: string; title?: string; url?: string
  media?: string; seconds?: number; menu?: { id?: string; type: string; content: string; url?: string }[]; tail?: string; msgid?: string; recalled?: boolean
}
export interface Inbox { lines: Line[]; rev: number; typing: boolean }
/** What WeChat counts; state and servicer at a kf account. */
export interface Counter { open: boolean; left: number; until: number; followed: boolean; state: number; servicer?: string }
export interface Refusal { n: number; at: number; account?: string; endpoint: string; errcode: number; errmsg: string; user?: string }
export interface Delivered { msgid?: string; attempts: number; status: number; took_ms: number; error?: string }

const base = '/api/v1/demo/wechat/'

async function call<T>(method: 'GET' | 'POST', path: string, body?: object, signal?: AbortSignal): Promise<T> {
  let res: Response
  try {
    res = await fetch(base + path, { method, signal, headers: { 'X-Zongji-Demo': '1', ...(body ? { 'Content-Type': 'application/json' } : {}) }, body: body && JSON.stringify(body) })
  } catch (e) {
    if (signal?.aborted) throw e
    throw new ApiError(0, 'offline', 'the server cannot be reached')
  }
  const got = (await res.json().catch(() => ({}))) as T & { error?: string; detail?: string; code?: string }
  if (!res.ok) throw new ApiError(res.status, got.code ?? `http_${res.status}`, got.error ?? got.detail ?? '')
  return got
}
const of = (user: string) => `users/${encodeURIComponent(user)}`

export const world = () => call<World>('GET', 'state')
/** Waits on the server until something changed after rev; rev -1 answers at once. */
export const inbox = (user: string, account: string, rev: number, signal: AbortSignal) => call<Inbox>('GET', `${of(user)}/inbox?account=${encodeURIComponent(account)}&rev=${rev}${rev < 0 ? '&wait=0' : ''}`, undefined, signal)
export const counter = (user: string, account: string) => call<Counter>('GET', `${of(user)}/window?account=${encodeURIComponent(account)}`)
export const refused = (after: number) => call<Refusal[]>('GET', `refused?after=${after}`)
export const act = (user: string, account: string, what: string, more: object = {}) => call<Delivered>('POST', `${of(user)}/act`, { account, act: what, ...more })
export const servicer = (account: string, user: string, what: string, more: object = {}) => call<Delivered>('POST', `accounts/${encodeURIComponent(account)}/servicer`, { user, act: what, ...more })
export const newUser = (name: string) => call<Person>('POST', 'users', { name, unionid: `demo-union-${Date.now().toString(36)}` })
export const jump = (seconds: number) => call<{ now: number }>('POST', 'jump', { seconds })
export const mediaURL = (l: Pick<Line, 'media'>): string => (l.media ? base + l.media.replace(/^\/?(_sim\/)?/, '') : '')

/** Lines that are events are told in the middle; i18n demo.phone.did.<word>. */
export function did(l: Line): string {
  if (l.via !== 'event' || l.kind === 'text') return ''
  return ({ subscribe: 'follow', unsubscribe: 'unfollow', SCAN: 'scan', CLICK: 'click', VIEW: 'view', user_enter_tempsession: 'enter', enter: 'enter' })[l.kind] ?? 'other'
}

/** Text cut into plain pieces and links, as WeChat shows them. */
export function pieces(text = ''): { s: string; link: boolean }[] {
  return text.split(/(https?:\/\/[^\s，。；！？、“”）)]+)/).filter(Boolean).map((s, i) => ({ s, link: /^https?:\/\//.test(s) && i >= 0 }))
}

/** A time mark stands before a line that comes 5 minutes after the one before, as in WeChat. */
export const marked = (lines: Line[], i: number): boolean => i === 0 || lines[i]!.at - lines[i - 1]!.at > 5 * 60_000

/** Bytes as base64, for the sender of pictures. */
export async function base64(f: Blob): Promise<string> {
  const b = new Uint8Array(await f.arrayBuffer())
  let s = ''
  for (let i = 0; i < b.length; i += 0x8000) s += String.fromCharCode(...b.subarray(i, i + 0x8000))
  return btoa(s)
}

/** What the connect wizard knows of each kind: what to fill in, what to make, and the steps in the vendor's console. */
import { isAddr } from '@/desk/mail'
import type { ChannelAccount, ChannelKind, KindField, Preset } from './types'

/** A card of the wizard's first step; official accounts and mini-programs are one kind of channel. */
export interface Way { id: string; kind: string; sign: string; settings: Record<string, string> }

const known: Way[] = [
  { id: 'webchat', kind: 'webchat', sign: 'webchat', settings: {} },
  { id: 'official', kind: 'wechat', sign: 'wechat', settings: { type: 'official', mode: 'safe' } },
  { id: 'mini', kind: 'wechat', sign: 'mini', settings: { type: 'mini', mode: 'safe' } },
  { id: 'wecom', kind: 'wecom', sign: 'wecom', settings: {} },
  { id: 'email', kind: 'email', sign: 'email', settings: { provider: 'qq' } },
]

/** The cards for the kinds this server has; one that we do not know is a card by its own name. */
export function ways(kinds: ChannelKind[]): Way[] {
  return kinds.flatMap((k) => { const w = known.filter((x) => x.kind === k.name); return w.length ? w : [{ id: k.name, kind: k.name, sign: k.name, settings: {} }] })
}

export const wayOf = (c: Pick<ChannelAccount, 'kind' | 'settings'>): string => known.find((w) => w.kind === c.kind && (w.settings.type ?? '') === (c.kind === 'wechat' ? c.settings.type || 'official' : ''))?.id ?? c.kind

/** Kinds with a guide; the others are made in the plain form. */
export const guided = (id: string): boolean => ['official', 'mini', 'wecom', 'email'].includes(id)

/** Steps in the vendor's console before we can save, and after: words are admin.connect.<id>.<step>. */
export const before: Record<string, string[]> = { official: ['open', 'id', 'secret', 'whitelist'], mini: ['open', 'id', 'secret'], wecom: ['open', 'corp', 'app', 'kf'] }
export const after: Record<string, string[]> = { official: ['server', 'mode', 'submit', 'enable'], mini: ['server', 'mode', 'submit'], wecom: ['callback', 'submit', 'api', 'seats'] }

/** Settings that few people touch. */
const rare = new Set(['api_base', 'reserve', 'original', 'aes_key_previous', 'agent_id',
  'aliases', 'imap_user', 'smtp_user', 'smtp_password', 'tls_ca', 'mailboxes', 'poll_s', 'then', 'move_to', 'sent', 'sent_box', 'plus', 'auth_server', 'rate_hour', 'units', 'undo_s'])
/** Of a mailbox: what a provider's preset knows, and what only a login by OAuth needs. */
const servers = new Set(['imap_host', 'imap_port', 'imap_tls', 'smtp_host', 'smtp_port', 'smtp_tls'])
const tokens = new Set(['auth', 'oauth_token_url', 'oauth_client_id', 'oauth_client_secret', 'oauth_refresh_token', 'oauth_scope'])
export function isRare(f: KindField, settings: Record<string, string> = {}): boolean {
  if (servers.has(f.key)) return (settings.provider || 'own') !== 'own'
  if (tokens.has(f.key)) return settings.provider !== 'outlook'
  return rare.has(f.key) && !f.required
}

/** What the chosen preset says of a field. */
export const presetOf = (presets: Preset[], settings: Record<string, string>, key: string): string | undefined =>
  presets.find((p) => (settings[p.field] || 'own') === p.value)?.set[key]

/** Secrets that we may make ourselves: the vendor's console takes what we say. */
export const makes = (key: string): boolean => key === 'token' || key === 'aes_key'

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
/** n random letters and digits, each as likely as any other. */
export function random(n: number): string {
  let out = ''
  while (out.length < n) for (const b of crypto.getRandomValues(new Uint8Array(64))) if (b < 248 && out.length < n) out += letters[b % 62]
  return out
}
/** A token has at most 32, an EncodingAESKey exactly 43 characters; the key's last one carries four bits that must be 0 or decoders differ. */
export const make = (key: string): string => (key === 'aes_key' ? random(42) + 'AEIMQUYcgkosw048'[crypto.getRandomValues(new Uint8Array(1))[0]! % 16] : random(32))

/** Where the vendor posts to. */
export const callback = (origin: string, key: string): string => `${origin}/c/${key}/`

/** A channel key from a name: letters of the way and six random ones. */
export const freshKey = (id: string): string => `${id === 'email' ? 'mail' : id === 'wecom' ? 'kf' : id === 'mini' ? 'mini' : 'oa'}-${random(6).toLowerCase()}`

/** What is wrong with a value before the server sees it: i18n admin.connect.bad.<word>, "" when it is fine. */
export function bad(key: string, v: string): string {
  if (!v) return ''
  if (key === 'appid' && !/^wx[0-9a-f]{16}$/i.test(v)) return 'appid'
  if (key === 'corpid' && !/^(ww|wx)[0-9a-z]{14,18}$/i.test(v)) return 'corpid'
  if (key === 'open_kfid' && !/^wk[\w-]{4,62}$/.test(v)) return 'kfid'
  if ((key === 'aes_key' || key === 'aes_key_previous') && !/^[A-Za-z0-9+/]{43}$/.test(v)) return 'aes'
  if (key === 'token' && !/^[A-Za-z0-9]{3,32}$/.test(v)) return 'token'
  if (key === 'from' && !isAddr(v)) return 'addr'
  if (key === 'secret' && /\s/.test(v)) return 'spaces'
  return ''
}

/** Step names and health codes of the server in words: "token", "wechat:40164". */
export function words(te: (k: string) => boolean, t: (k: string) => string, group: string, name: string): string {
  const own = `channel.${group}.${name.replaceAll(':', '.')}`
  const code = `channel.code.${name.replaceAll(':', '.')}`
  return te(own) ? t(own) : name.includes(':') && te(code) ? t(code) : name
}

import { i18n } from '@/i18n'
import type { FileRef, Message, MessageKind } from '@/api/types'

export { codeOf, failure } from '@/ui/refusal'

/** Kinds that are more than text, files and buttons. */
const kinds = new Set<MessageKind>(['voice', 'video', 'location', 'link', 'minipage', 'template', 'other'])
export const isRich = (m: Pick<Message, 'kind'>): boolean => kinds.has(m.kind)

/** Whether browsers play it: AMR, which WeChat sends, is none of these. */
export const plays = (f: Pick<FileRef, 'type'>): boolean => /^(audio\/(mpeg|mp4|aac|wav|x-wav|wave|ogg|webm)|video\/(mp4|webm))/.test(f.type)

/** The host of an address, for people. */
export function host(url = ''): string {
  try { return new URL(url).host } catch { return url }
}

/** What the customer did, in words: 关注了公众号, 扫码进入（store-7）. */
export function happened(m: Pick<Message, 'extra' | 'text'>): string {
  const { t, te } = i18n.global
  const { event = '', value } = m.extra ?? {}
  const key = `desk.event.${event}`
  const words = te(key) ? t(key) : m.text || event
  return value ? t('desk.event.with', { what: words, value }) : words
}

/** Failures that another way than the same message again may help. */
export const isShut = (code?: string): boolean => !!code && (code === 'window_closed' || code === 'quota_used' || /^(wechat|mini|wecom):(45015|45047|95001|95002|95013|95031)$/.test(code))
/** WeCom's own seats have the session: ended there, or handed over for good. */
export const isTaken = (code?: string): boolean => code === 'wecom:95018'

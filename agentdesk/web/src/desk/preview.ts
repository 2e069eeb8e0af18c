import { i18n } from '@/i18n'
import type { Message } from '@/api/types'
import { happened } from './rich'

/** A preview as it is shown; the server writes "[voice]" for what has no text. */
export function said(preview: string): string {
  const key = `desk.list.${/^\[(\w+)\]$/.exec(preview)?.[1]}`
  return i18n.global.te(key) ? i18n.global.t(key) : preview
}

/** One line of a message: its text, the question that the bot answered, what the customer did, or its kind in brackets. */
export function gist(m: Message): string {
  if (m.kind === 'event') return happened(m)
  return (m.from === 'bot' && m.extra?.question) || m.text || m.extra?.title || m.extra?.label || said(`[${m.kind === 'text' && m.files?.length ? 'file' : m.kind}]`)
}

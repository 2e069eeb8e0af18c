import { i18n } from '@/i18n'

/** The channel's code that a failure's reason begins with: "wechat:45015 response out of time limit". */
export function codeOf(m: { code?: string; reason?: string }): string {
  return m.code || (/^[a-z]+:[-\w:]+/.exec(m.reason ?? '')?.[0] ?? '')
}

/** Why a message failed: the channel's code in words, else its own reason. */
export function failure(m: { code?: string; reason?: string }): string {
  const { t, te } = i18n.global
  const full = codeOf(m)
  const key = `channel.code.${full.replaceAll(':', '.')}`
  return full && te(key) ? `${t(key)} (${full.slice(full.indexOf(':') + 1)})` : m.reason ?? ''
}

import { i18n } from '@/i18n'

/** The channel's code that a failure's reason begins with: "wechat:45015 response out of time limit", or "wechat /cgi-bin/…: 45015 …". */
export function codeOf(m: { code?: string; reason?: string }): string {
  const said = m.reason ?? ''
  const call = /^(wechat|wecom) \/\S+: (-?\d+)/.exec(said)
  return m.code || (call ? `${call[1]}:${call[2]}` : /^[a-z]+:[-\w:]+/.exec(said)?.[0] ?? '')
}

/** Why a message failed: the channel's code in words, else its own reason. */
export function failure(m: { code?: string; reason?: string }): string {
  const { t, te } = i18n.global
  const full = codeOf(m)
  const key = `channel.code.${full.replaceAll(':', '.')}`
  return full && te(key) ? `${t(key)} (${full.slice(full.indexOf(':') + 1)})` : m.reason ?? ''
}

import type { QuickReply } from './types'

/** Names in braces, each once, in order. */
export const variables = (text: string): string[] => [...new Set([...text.matchAll(/\{([^{}\n]{1,40})\}/g)].map((m) => m[1]!.trim()))]

/** The other reply with the same shortcut; capital letters do not differ. */
export function shortcutTaken(list: QuickReply[], r: QuickReply): QuickReply | undefined {
  const key = r.shortcut.trim().toLowerCase()
  return key ? list.find((x) => x.id !== r.id && x.shortcut.trim().toLowerCase() === key) : undefined
}

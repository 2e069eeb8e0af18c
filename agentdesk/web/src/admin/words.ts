/** What the server says is wrong with a field, in the language of the screen. */
import { i18n } from '@/i18n'

/** A mistake as the server names it: a stable code, what its words take, and the same in English. */
export interface Mistake { message: string; code?: string; params?: unknown[] }

/** By code; a code without words shows the server's own English. */
export function mistakeText(m: Mistake): string {
  const { t, te } = i18n.global
  const key = `admin.mistake.${m.code}`
  return m.code && te(key) ? t(key, (m.params ?? []).map(String)) : m.message
}

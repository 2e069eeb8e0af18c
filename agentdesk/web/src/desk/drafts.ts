import { reactive } from 'vue'

/** What somebody has begun to write in a conversation. */
export interface Draft { text: string; note: boolean }

/** Drafts of this page's life; those of earlier ones are read from localStorage. */
const kept = reactive(new Map<string, Draft>())
const key = (user: number, conv: number) => `zongji.draft.${user}.${conv}`

export function loadDraft(user: number, conv: number): Draft {
  const k = key(user, conv)
  const d = kept.get(k)
  if (d) return { ...d }
  try { return JSON.parse(localStorage.getItem(k) ?? '') as Draft } catch { return { text: '', note: false } }
}

export function saveDraft(user: number, conv: number, d: Draft): void {
  const k = key(user, conv)
  kept.set(k, { ...d })
  try { if (d.text) localStorage.setItem(k, JSON.stringify(d)); else localStorage.removeItem(k) } catch { /* full: kept in memory */ }
}

/** The start of a draft for the list, "" when there is none. */
export function draftOf(user: number, conv: number): string {
  return loadDraft(user, conv).text.trim().slice(0, 60)
}

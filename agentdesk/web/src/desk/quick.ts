import type { QuickReply } from '@/api/types'

/** Names a {variable}; spaces and line ends do not belong to one. */
const hole = /\{[^{}\s]{1,20}\}/g

/** Fills {variables}; those without a value stay and are returned as [from, to) of the filled text. */
export function fill(text: string, vars: Record<string, string | undefined>): string {
  return text.replace(hole, h => vars[h.slice(1, -1)] || h)
}

/** Returns where unfilled {variables} stand, as [from, to). */
export function holes(text: string): [number, number][] {
  return [...text.matchAll(hole)].map(m => [m.index, m.index + m[0].length])
}

/** Returns the next unfilled variable at or after pos, the first again after the last, or null. */
export function nextHole(text: string, pos: number, back = false): [number, number] | null {
  const all = holes(text)
  if (back) return all.findLast(h => h[1] <= pos) ?? all.at(-1) ?? null
  return all.find(h => h[0] >= pos) ?? all[0] ?? null
}

/** How well q fits a reply: 0 not at all; shortcut before title before text, whole words before scattered letters. */
export function fit(q: string, r: QuickReply): number {
  const s = q.toLowerCase()
  if (!s) return 1
  const short = r.shortcut.toLowerCase(), title = r.title.toLowerCase()
  if (short === s) return 100
  if (short.startsWith(s)) return 80
  if (title.startsWith(s)) return 70
  if (short.includes(s)) return 60
  if (title.includes(s)) return 50
  if (r.group.toLowerCase().includes(s)) return 40
  if (r.text.toLowerCase().includes(s)) return 30
  if (scattered(s, short)) return 20
  return scattered(s, title) ? 10 : 0
}

/** Returns the replies that fit q, the best first, at most n. */
export function find(q: string, all: QuickReply[], n = 50): QuickReply[] {
  return all.map(r => ({ r, f: fit(q, r) })).filter(x => x.f > 0).sort((a, b) => b.f - a.f || a.r.shortcut.localeCompare(b.r.shortcut)).slice(0, n).map(x => x.r)
}

function scattered(q: string, s: string): boolean {
  let i = 0
  for (const c of s) if (c === q[i]) i++
  return i === q.length
}

/** The card of GET /system. */
export interface System {
  version: string
  go: string
  store: { kind: string; version: string; schema: number; path: string; bytes: number }
  routing: { node: string; leader: boolean; holder: string; epoch: number; bus: string; bus_detail: string; bus_ok: boolean; rebuilt_at: number; lag_ms: number; rules: number }
  screens: number
  disk_free: number
  disk_total: number
  heap_bytes: number
  now: number
  ready: { ok: boolean; parts: Record<string, string> }
  nodes: { n: number; name: string; self: boolean; seen_at: number }[] | null
  /** The last check of the whole database; null until it has ended. */
  conservation?: Conservation | null
}

/** What may be wrong, each a count; store.Report in Go. */
export const checks = ['orphans', 'gaps', 'doubled', 'no_state', 'rev_gaps', 'outbox'] as const
export type Conservation = Record<(typeof checks)[number], number> & { ok: boolean; at: number; took_ms: number; err?: string; conversations: number; messages: number; events: number; examples?: string[] | null }

/** A sign of life comes every 15 s; a node that missed two is called silent, s. */
export const silentAfter = 35

export type Badge = 'memory' | 'child' | 'redis' | 'down'

/** Which live side serves, and how it should look. A private Redis is reached by a unix socket. */
export function badge(r: System['routing']): { key: Badge; type: 'success' | 'warning' | 'danger' } {
  if (!r.bus_ok) return { key: 'down', type: 'danger' }
  if (r.bus !== 'redis') return { key: 'memory', type: 'warning' }
  return { key: /child|sock/i.test(r.bus_detail) ? 'child' : 'redis', type: 'success' }
}

/** What the check found wrong: counts above zero. */
export const faults = (c: Conservation): [string, number][] => checks.filter((k) => c[k] > 0).map((k) => [k, c[k]])

/** 12.3 MB; "–" for what is unknown. */
export function bytes(n: number | undefined): string {
  if (n === undefined || n < 0) return '–'
  const units = ['B', 'KB', 'MB', 'GB', 'TB']
  let i = 0
  while (n >= 1024 && i < units.length - 1) { n /= 1024; i++ }
  return `${i === 0 || n >= 10 ? Math.round(n) : n.toFixed(1)} ${units[i]}`
}

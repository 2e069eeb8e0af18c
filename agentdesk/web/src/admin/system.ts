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
  /** What the conservation check counted; absent where it has not run. */
  conservation?: Record<string, number> | null
}

export type Badge = 'memory' | 'child' | 'redis' | 'down'

/** Which live side serves, and how it should look. A private Redis is reached by a unix socket. */
export function badge(r: System['routing']): { key: Badge; type: 'success' | 'warning' | 'danger' } {
  if (!r.bus_ok) return { key: 'down', type: 'danger' }
  if (r.bus !== 'redis') return { key: 'memory', type: 'warning' }
  return { key: /child|sock/i.test(r.bus_detail) ? 'child' : 'redis', type: 'success' }
}

/** What the conservation check found wrong: counts above zero. */
export const faults = (s: System): [string, number][] => Object.entries(s.conservation ?? {}).filter(([, n]) => typeof n === 'number' && n > 0)

/** 12.3 MB; "–" for what is unknown. */
export function bytes(n: number | undefined): string {
  if (n === undefined || n < 0) return '–'
  const units = ['B', 'KB', 'MB', 'GB', 'TB']
  let i = 0
  while (n >= 1024 && i < units.length - 1) { n /= 1024; i++ }
  return `${i === 0 || n >= 10 ? Math.round(n) : n.toFixed(1)} ${units[i]}`
}

/** The card of GET /system. */
export interface System {
  version?: string
  node?: string
  started_at?: number
  store?: { kind?: string; version?: string; schema?: number; path?: string; bytes?: number }
  bus?: { kind?: string; detail?: string; ok?: boolean }
  leader?: string
  leading?: boolean
  epoch?: number
  lag?: number
  lag_ms?: number
  rebuilt_at?: number
  rebuild_ms?: number
  nodes?: { name: string; version?: string; sockets?: number; seen_at?: number }[] | null
  conservation?: Record<string, number | string | boolean> | null
  disk?: { free?: number; total?: number }
}

export type Badge = 'memory' | 'child' | 'redis' | 'down'

/** Which live side serves, and how it should look. */
export function badge(s: System | null): { key: Badge; type: 'success' | 'warning' | 'danger' } {
  if (s?.bus?.ok === false) return { key: 'down', type: 'danger' }
  if (s?.bus?.kind === 'redis') return /child|sock/i.test(s.bus.detail ?? '') ? { key: 'child', type: 'success' } : { key: 'redis', type: 'success' }
  return { key: 'memory', type: 'warning' }
}

/** What the conservation check found wrong: counts above zero. */
export function conserved(s: System | null): [string, number][] {
  return Object.entries(s?.conservation ?? {}).filter((e): e is [string, number] => typeof e[1] === 'number' && e[1] > 0 && !['at', 'checked', 'conversations', 'messages', 'events', 'ms'].includes(e[0]))
}

/** 12.3 MB; "–" for what is unknown. */
export function bytes(n: number | undefined): string {
  if (n === undefined || n < 0) return '–'
  const units = ['B', 'KB', 'MB', 'GB', 'TB']
  let i = 0
  while (n >= 1024 && i < units.length - 1) { n /= 1024; i++ }
  return `${i === 0 ? n : n.toFixed(n < 10 ? 1 : 0)} ${units[i]}`
}

/** The figures of GET /wall and what the screen makes of them. */
import type { AgentState, AgentStatus } from '@/api/types'

export interface WallQueue { id: number; key: string; name: string; team: number; waiting: number; oldest_at?: number; longest_s: number; wait_s: number; first_s: number; ready: number; online: number }
export interface WallAgent { id: number; name: string; nick?: string; team?: number; team_name?: string; status: AgentStatus }
export interface Slot { at: number; arrived: number; answered: number; handed_over: number; taken: number; closed: number; wait_p50_ms: number; rated: number; stars: number }
export interface Day { queues?: { queue: number; serving: number; today: number; wait_p50_ms: number }[] | null; agents?: { user: number; taken: number }[] | null; today: Slot; curve: Slot[] | null }
export interface Wall { at: number; queues: WallQueue[]; agents: WallAgent[]; today: Day; yesterday?: Slot | null }

/** Width of a point of the curve, ms; store.slot in Go. */
export const slotMs = 15 * 60_000

/** Every quarter of an hour from the day's beginning until now, with zeros where nothing happened. */
export function fill(curve: Slot[], start: number, now: number): Slot[] {
  const known = new Map(curve.map((s) => [Math.floor((s.at - start) / slotMs), s]))
  const count = Math.max(1, Math.min(100, Math.floor((now - start) / slotMs) + 1))
  return Array.from({ length: count }, (_, i) => known.get(i) ?? { at: start + i * slotMs, arrived: 0, answered: 0, handed_over: 0, taken: 0, closed: 0, wait_p50_ms: 0, rated: 0, stars: 0 })
}

export type Heat = 'calm' | 'warm' | 'hot'

/** How a wait stands against the goal for the first answer, both in seconds; warm from two thirds on. */
export function heat(waitS: number, goalS: number): Heat {
  if (!goalS || waitS <= 0) return 'calm'
  return waitS >= goalS ? 'hot' : waitS * 3 >= goalS * 2 ? 'warm' : 'calm'
}

/** Percent more or less than before; null when there is nothing to compare with. */
export function change(now: number, before: number | undefined): number | null {
  if (!before) return null
  return Math.round(((now - before) / before) * 100)
}

/** Who is looked at first: people at work before those away, busier before idle. */
const order: Record<AgentState, number> = { unanswered: 0, ready: 1, break: 2, offline: 3 }
export function sortAgents(list: WallAgent[]): WallAgent[] {
  const rank = (a: WallAgent) => (a.status.online ? order[a.status.state] : 4)
  return [...list].sort((a, b) => rank(a) - rank(b) || b.status.load - a.status.load || a.name.localeCompare(b.name, 'zh'))
}

/** How many are ready, on a break, and here at all. */
export function staff(list: WallAgent[]): { ready: number; away: number; online: number } {
  const online = list.filter((a) => a.status.online && a.status.state !== 'offline')
  const ready = online.filter((a) => a.status.state === 'ready').length
  return { ready, away: online.length - ready, online: online.length }
}

/** The share of conversations that the bot solved alone: began, and were never handed over. */
export function alone(s: Slot): number | null {
  return s.arrived ? Math.max(0, Math.round(((s.arrived - s.handed_over) / s.arrived) * 100)) : null
}

/** 0:47, 3:05, 1:02:09 */
export function wait(s: number): string {
  s = Math.round(s)
  const p = (n: number) => String(Math.floor(n)).padStart(2, '0')
  return s < 3600 ? `${Math.floor(s / 60)}:${p(s % 60)}` : `${Math.floor(s / 3600)}:${p((s / 60) % 60)}:${p(s % 60)}`
}

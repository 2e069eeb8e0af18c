/** What the admin pages speak about beside api/types: router/rules, the import, the bot's try-out. */
import type { BotScore, Decision, SkillLevel } from '@/api/types'

export type { ChannelAccount, FAQ, Facts, Queue, QuickReply, RuleOutcome, Skill, SkillLevel, Team, User } from '@/api/types'

export interface KindField { key: string; type: string; default?: string; options?: string[]; required?: boolean; max?: number }
/** What choosing a value of a field fills into others. */
export interface Preset { field: string; value: string; set: Record<string, string>; notes?: string[] }
export interface ChannelKind { name: string; form: KindField[] | null; check?: boolean; presets?: Preset[] | null }
export interface Step { name: string; ok: boolean; text?: string }

export interface Cond { all?: Cond[]; any?: Cond[]; not?: Cond; field?: string; op?: string; value?: unknown }
export interface Action {
  queue?: string
  skills?: SkillLevel[]
  preferred?: SkillLevel[]
  p1?: boolean
  points?: number
  tags?: string[]
  lang?: string
  skip_bot?: boolean
  units?: number
}
export interface Rule { id: string; name: string; enabled: boolean; when: Cond; then: Action; stop: boolean }
export interface RuleSet { version: number; rules: Rule[] }
export interface RuleVersion { version: number; at?: number; by?: number; by_name?: string; rules?: Rule[] }
export interface RuleTest { action?: Action; decision?: Decision }

export interface AskResult { act: string; reason?: string; candidates?: (BotScore & { via?: string })[] | null; replies?: { text?: string }[] | null }

/** GET /channels/{id}/health. */
export interface ChannelHealth {
  health: { state: string; code?: string; text?: string; until?: number }
  since?: number
  log?: { at: number; code: string; text: string }[] | null
  callback?: { at: number; count: number }
}

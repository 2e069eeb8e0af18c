/** What the rule builder offers as values, with their names; and the words for an action. */
import { computed, onMounted, shallowReactive } from 'vue'
import { useI18n } from 'vue-i18n'
import { api } from '@/api/client'
import { rows } from './rest'
import type { Action, ChannelAccount, FAQ, Queue, Skill, SkillLevel } from './types'

export interface Choice { value: string | number; label: string }
export type Choices = ReturnType<typeof useChoices>

/** Reasons of a hand-over; see internal/zongji/event.go. */
const reasons = ['asked_human', 'urgent', 'low_score', 'no_answer', 'unsolved', 'rule', 'transfer', 'reopened', 'lost_agent', 'after_hours', 'no_bot']
const langs = ['zh-CN', 'zh-TW', 'en']

export function useChoices() {
  const { t, te } = useI18n()
  const lists = shallowReactive({ queues: [] as Queue[], skills: [] as Skill[], channels: [] as ChannelAccount[], faqs: [] as FAQ[] })
  onMounted(() => {
    const fill = async (key: keyof typeof lists, path: string) => {
      try { Object.assign(lists, { [key]: rows(await api.get(path)) }) } catch { /* a supervisor may not list channels: values can be typed */ }
    }
    void fill('queues', '/queues'); void fill('skills', '/skills'); void fill('channels', '/channels'); void fill('faqs', '/faqs')
  })
  const numbered = (from: number, to: number, label: (n: number) => string): Choice[] => Array.from({ length: to - from + 1 }, (_, i) => ({ value: from + i, label: label(from + i) }))
  const byField = computed<Record<string, Choice[]>>(() => ({
    channel: lists.channels.map((c) => ({ value: c.name, label: c.name })),
    kind: [...new Set(['webchat', ...lists.channels.map((c) => c.kind)])].map((k) => ({ value: k, label: te(`channel.kind.${k}`) ? t(`channel.kind.${k}`) : k })),
    category: [...new Set(lists.faqs.map((f) => f.category))].map((c) => ({ value: c, label: c })),
    lang: langs.map((l) => ({ value: l, label: t(`admin.lang.${l}`) })),
    reason: reasons.map((r) => ({ value: r, label: t(`admin.reason.${r}`) })),
    level: numbered(0, 3, (n) => t(`admin.level.${n}`)),
    weekday: numbered(0, 6, (n) => t(`admin.weekday.${n}`)),
    hour: numbered(0, 23, (n) => `${n}:00`),
  }))
  const name = (field: string, value: unknown): string => byField.value[field]?.find((c) => c.value === value)?.label ?? String(value ?? '')
  const skill = (s: SkillLevel) => `${lists.skills.find((x) => x.key === s.skill)?.name ?? s.skill} ≥ ${s.level}`
  function actions(a: Action): string[] {
    const out: string[] = []
    if (a.queue) out.push(t('admin.act.toQueue', { name: lists.queues.find((q) => q.key === a.queue)?.name ?? a.queue }))
    for (const s of a.skills ?? []) out.push(t('admin.act.needs', { skill: skill(s) }))
    for (const s of a.preferred ?? []) out.push(t('admin.act.prefers', { skill: skill(s) }))
    if (a.p1) out.push(t('admin.act.p1'))
    if (a.points) out.push(t('admin.act.plus', { n: a.points > 0 ? `+${a.points}` : a.points }))
    if (a.tags?.length) out.push(t('admin.act.tag', { tags: a.tags.join('、') }))
    if (a.lang) out.push(t('admin.act.speaks', { lang: te(`admin.lang.${a.lang}`) ? t(`admin.lang.${a.lang}`) : a.lang }))
    if (a.skip_bot) out.push(t('admin.act.skipBot'))
    if (a.units) out.push(t('admin.act.takes', { n: a.units }))
    return out
  }
  return { lists, byField, name, actions }
}

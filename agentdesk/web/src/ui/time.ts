import { computed, onScopeDispose, ref, type ComputedRef, type Ref } from 'vue'
import { i18n, lang } from '@/i18n'

/** The server's clock minus ours, ms; set from each welcome. */
export const skew = ref(0)

const now = ref(Date.now())
let users = 0
let timer: ReturnType<typeof setInterval> | undefined

/** The server's time, moving once a second while somebody looks. */
export function useNow(): Ref<number> {
  if (users++ === 0) { now.value = Date.now() + skew.value; timer = setInterval(() => { now.value = Date.now() + skew.value }, 1000) }
  onScopeDispose(() => { if (--users === 0) clearInterval(timer) })
  return now
}

/** A length in ms as m:ss or h:mm:ss. */
export function clock(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000))
  const p = (n: number) => String(n).padStart(2, '0')
  return s < 3600 ? `${Math.floor(s / 60)}:${p(s % 60)}` : `${Math.floor(s / 3600)}:${p(Math.floor(s / 60) % 60)}:${p(s % 60)}`
}

/** A length in ms in its greatest unit: 3 分钟. */
export function span(ms: number): string {
  const { t } = i18n.global
  const s = Math.max(0, Math.round(ms / 1000))
  if (s < 60) return t('time.s', { n: s })
  if (s < 3600) return t('time.m', { n: Math.floor(s / 60) })
  if (s < 86_400) return t('time.h', { n: Math.floor(s / 3600) })
  return t('time.d', { n: Math.floor(s / 86_400) })
}

const dayOf = (at: number) => new Date(at).setHours(0, 0, 0, 0)

/** 14:05 */
export function hm(at: number): string {
  return new Date(at).toLocaleTimeString(lang.value, { hour: '2-digit', minute: '2-digit', hour12: false })
}

/** A day as 今天, 昨天 or its date. */
export function day(at: number): string {
  const { t } = i18n.global
  const d = Math.round((dayOf(Date.now()) - dayOf(at)) / 86_400_000)
  if (d === 0) return t('time.today')
  if (d === 1) return t('time.yesterday')
  const same = new Date(at).getFullYear() === new Date().getFullYear()
  return new Date(at).toLocaleDateString(lang.value, { year: same ? undefined : 'numeric', month: 'short', day: 'numeric', weekday: 'short' })
}

/** The time of a list row: 14:05 today, else the day. */
export function shortTime(at: number): string {
  if (!at) return ''
  if (dayOf(at) === dayOf(Date.now())) return hm(at)
  const d = new Date(at)
  return d.getFullYear() === new Date().getFullYear() ? `${d.getMonth() + 1}/${d.getDate()}` : `${d.getFullYear()}/${d.getMonth() + 1}/${d.getDate()}`
}

/** Day and time in full. */
export function full(at: number): string {
  return at ? new Date(at).toLocaleString(lang.value, { hour12: false }) : ''
}

/** Counts down to a moment, whole seconds, never below 0. */
export function useCountdown(until: () => number): ComputedRef<number> {
  const n = useNow()
  return computed(() => Math.max(0, Math.ceil((until() - n.value) / 1000)))
}

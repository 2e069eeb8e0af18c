/** The rules table as one draft: loaded, changed here, saved whole against the version it came from. */
import { computed, ref, shallowRef } from 'vue'
import { ElMessage } from 'element-plus'
import { useI18n } from 'vue-i18n'
import { ApiError, api } from '@/api/client'
import { useProblem } from './problem'
import { diffRules, stable, trimAction, type Diff } from './rules'
import type { Rule, RuleSet, RuleVersion } from './types'

/** Somebody saved meanwhile: what they have now and what they changed. */
export interface Conflict { version: number; by: string; at: number; theirs: Rule[]; changes: Diff[] }

/** A rule with all its parts, so that equal ones are equal. */
const plain = (r: Rule): Rule => ({ ...r, when: r.when ?? {}, then: trimAction(r.then ?? {}), stop: !!r.stop })

export function useRules() {
  const { t } = useI18n()
  const { sayProblem } = useProblem()
  const rules = shallowRef<Rule[]>([])
  const base = shallowRef<RuleSet>({ version: 0, rules: [] })
  const loading = ref(true)
  const busy = ref(false)
  const error = ref<unknown>(null)
  const failure = ref('')
  const conflict = shallowRef<Conflict | null>(null)
  const version = computed(() => base.value.version)
  const dirty = computed(() => stable(rules.value) !== stable(base.value.rules))

  function take(set: RuleSet) {
    base.value = { version: set.version ?? 0, rules: (set.rules ?? []).map(plain) }
    rules.value = base.value.rules
    failure.value = ''
  }
  async function load() {
    loading.value = true
    try {
      take(await api.get<RuleSet>('/rules'))
      error.value = null
    } catch (e) {
      error.value = e
    } finally {
      loading.value = false
    }
  }
  /** Saves; with `over` against the version that moved on, so that mine wins. */
  async function save(over = false) {
    busy.value = true
    failure.value = ''
    const from = over && conflict.value ? conflict.value.version : version.value
    const mine = rules.value.map(plain)
    try {
      const stored = await api.put<{ version: number } | undefined>('/rules', { version: from, rules: mine })
      take({ version: stored?.version ?? from + 1, rules: mine })
      conflict.value = null
      ElMessage.success(t('admin.routing.live'))
    } catch (e) {
      if (e instanceof ApiError && e.status === 409) await meet()
      else failure.value = [sayProblem(e), ...(e instanceof ApiError ? e.errors.map((x) => x.message) : [])].join('\n')
    } finally {
      busy.value = false
    }
  }
  async function meet() {
    const theirs = await api.get<RuleSet>('/rules')
    const list = await api.get<{ items?: RuleVersion[] | null }>('/rules/versions').catch(() => ({ items: [] }))
    const v = list.items?.find((x) => x.version === theirs.version)
    conflict.value = { version: theirs.version, by: v?.by_name ?? '', at: v?.at ?? 0, theirs: theirs.rules ?? [], changes: diffRules(base.value.rules, (theirs.rules ?? []).map(plain)) }
  }
  function takeTheirs() {
    if (conflict.value) take({ version: conflict.value.version, rules: conflict.value.theirs })
    conflict.value = null
  }
  const reset = () => { rules.value = base.value.rules; failure.value = '' }
  return { rules, base, version, dirty, loading, busy, error, failure, conflict, load, save, takeTheirs, reset }
}

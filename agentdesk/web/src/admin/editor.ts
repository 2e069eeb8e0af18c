/** One thing being edited: its draft, whether it changed, and the errors of the server by field. */
import { computed, onBeforeUnmount, onMounted, provide, ref, type InjectionKey, type Ref } from 'vue'
import { onBeforeRouteLeave } from 'vue-router'
import { ElMessage, ElMessageBox } from 'element-plus'
import { useI18n } from 'vue-i18n'
import { fieldErrors } from './rest'
import { useProblem } from './problem'
import { stable } from './rules'

/** FormField takes the errors of its drawer from here. */
export const errorsKey: InjectionKey<Ref<Record<string, string>>> = Symbol('errors')

export interface Editor<T> {
  draft: Ref<T | null>
  dirty: Ref<boolean>
  busy: Ref<boolean>
  errors: Ref<Record<string, string>>
  failure: Ref<string>
  open: (item: T) => void
  close: () => Promise<boolean>
  submit: () => Promise<boolean>
}

/** `save` stores a draft; what it throws is shown at the fields or above them. */
export function useEditor<T extends object>(save: (draft: T) => Promise<unknown>): Editor<T> {
  const { t } = useI18n()
  const { sayProblem } = useProblem()
  const draft = ref(null) as Ref<T | null>
  const before = ref('')
  const busy = ref(false)
  const errors = ref<Record<string, string>>({})
  const failure = ref('')
  const dirty = computed(() => draft.value !== null && stable(draft.value) !== before.value)
  provide(errorsKey, errors)
  useLeaveGuard(dirty)

  function open(item: T) {
    draft.value = structuredClone(JSON.parse(JSON.stringify(item)) as T)
    before.value = stable(draft.value)
    errors.value = {}
    failure.value = ''
  }
  async function close() {
    if (dirty.value && !(await askLeave(t))) return false
    draft.value = null
    return true
  }
  async function submit() {
    if (!draft.value || busy.value) return false
    busy.value = true
    errors.value = {}
    failure.value = ''
    try {
      await save(draft.value)
      draft.value = null
      ElMessage.success(t('admin.saved'))
      return true
    } catch (e) {
      errors.value = fieldErrors(e)
      failure.value = sayProblem(e)
      return false
    } finally {
      busy.value = false
    }
  }
  return { draft, dirty, busy, errors, failure, open, close, submit }
}

/** Asks before unsaved changes are lost by leaving the page or closing the tab. */
export function useLeaveGuard(dirty: Ref<boolean>) {
  const { t } = useI18n()
  const unload = (e: BeforeUnloadEvent) => { if (dirty.value) e.preventDefault() }
  onMounted(() => addEventListener('beforeunload', unload))
  onBeforeUnmount(() => removeEventListener('beforeunload', unload))
  onBeforeRouteLeave(async () => !dirty.value || askLeave(t))
}

export function askLeave(t: (key: string) => string): Promise<boolean> {
  return ElMessageBox.confirm(t('admin.unsaved.text'), t('admin.unsaved.title'), {
    confirmButtonText: t('admin.unsaved.leave'), cancelButtonText: t('admin.unsaved.stay'), type: 'warning',
  }).then(() => true, () => false)
}

/** Asks before something is deleted; `uses` says what depends on it. */
export function askDelete(t: (key: string, args?: Record<string, unknown>) => string, name: string, uses: string[]): Promise<boolean> {
  const text = [t('admin.delete.text', { name }), ...uses].join('\n')
  return ElMessageBox.confirm(text, t('admin.delete.title'), {
    confirmButtonText: t('admin.delete.yes'), cancelButtonText: t('admin.cancel'), type: 'warning',
    confirmButtonClass: 'el-button--danger', customClass: 'pre-line', autofocus: false,
  }).then(() => true, () => false)
}

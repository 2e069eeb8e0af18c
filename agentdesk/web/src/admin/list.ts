/** A list of the server with its states, filtered on this side. */
import { computed, onMounted, ref, shallowRef, type Ref } from 'vue'
import { api } from '@/api/client'
import { rows } from './rest'

export interface List<T> {
  items: Ref<T[]>
  loading: Ref<boolean>
  error: Ref<unknown>
  load: () => Promise<void>
}

/** Loads path when the page appears; `load` loads it again and keeps the old rows until then. */
export function useList<T>(path: string): List<T> {
  const items = shallowRef<T[]>([])
  const loading = ref(true)
  const error = ref<unknown>(null)
  async function load() {
    loading.value = true
    try {
      items.value = rows<T>(await api.get(path))
      error.value = null
    } catch (e) {
      error.value = e
    } finally {
      loading.value = false
    }
  }
  onMounted(load)
  return { items, loading, error, load }
}

/** Rows in whose text each word of the search stands. */
export function useSearch<T>(items: Ref<T[]>, text: (item: T) => (string | undefined)[]) {
  const query = ref('')
  const found = computed(() => search(items.value, query.value, text))
  return { query, found }
}

export function search<T>(items: T[], query: string, text: (item: T) => (string | undefined)[]): T[] {
  const words = query.normalize('NFKC').toLowerCase().split(/\s+/).filter(Boolean)
  if (words.length === 0) return items
  return items.filter((item) => {
    const all = text(item).join('\n').normalize('NFKC').toLowerCase()
    return words.every((w) => all.includes(w))
  })
}

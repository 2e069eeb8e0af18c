import { computed, reactive } from 'vue'
import { useI18n } from 'vue-i18n'
import { api } from '@/api/client'
import type { FileRef } from '@/api/types'
import { errorText, warn } from '@/ui/say'

/** Limits of docs/protocol.md §2. */
const maxFiles = 9
const maxBytes = 20 << 20

export interface Upload { key: number; name: string; size: number; preview: string; part: number; file?: FileRef; error?: string; stop: AbortController }

/** Files on their way into the next message. */
export function useUploads() {
  const { t } = useI18n()
  const list = reactive<Upload[]>([])
  let next = 1

  function add(files: Iterable<File>): void {
    for (const f of files) {
      if (list.length >= maxFiles) { warn(t('desk.compose.tooMany')); return }
      if (f.size > maxBytes) { warn(t('desk.compose.tooLarge', { name: f.name })); continue }
      const u = reactive<Upload>({ key: next++, name: f.name, size: f.size, preview: f.type.startsWith('image/') ? URL.createObjectURL(f) : '', part: 0, stop: new AbortController() })
      list.push(u)
      api.upload<FileRef & { file?: FileRef }>('/files', f, p => { u.part = p }, u.stop.signal)
        .then(r => { u.file = r.file ?? r; u.part = 1 })
        .catch((e: unknown) => { u.error = errorText(e) })
    }
  }

  /** Puts files back that are on the server already. */
  function put(files: FileRef[]): void {
    for (const f of files) list.push({ key: next++, name: f.name, size: f.size, preview: '', part: 1, file: f, stop: new AbortController() })
  }

  function remove(u: Upload): void {
    u.stop.abort()
    if (u.preview) URL.revokeObjectURL(u.preview)
    const i = list.indexOf(u)
    if (i >= 0) list.splice(i, 1)
  }

  function take(): FileRef[] {
    const done = list.flatMap(u => u.file ? [u.file] : [])
    for (const u of [...list]) remove(u)
    return done
  }

  const busy = computed(() => list.some(u => !u.file && !u.error))
  const ready = computed(() => list.filter(u => u.file).length)
  return { list, add, put, remove, take, busy, ready }
}

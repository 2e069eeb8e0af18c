import { i18n } from '@/i18n'

/** What stands in a row's preview for files without text, as the server writes it. */
const words: Record<string, string> = { '[image]': 'desk.list.image', '[file]': 'desk.list.file' }

/** A preview as it is shown. */
export function said(preview: string): string {
  const key = words[preview]
  return key ? i18n.global.t(key) : preview
}

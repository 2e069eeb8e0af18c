import { i18n } from '@/i18n'

/** A preview as it is shown; the server writes "[voice]" for what has no text. */
export function said(preview: string): string {
  const key = `desk.list.${/^\[(\w+)\]$/.exec(preview)?.[1]}`
  return i18n.global.te(key) ? i18n.global.t(key) : preview
}

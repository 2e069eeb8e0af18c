import { i18n, lang } from '@/i18n'

/** A customer's name; who gave none is told apart by the end of his number. */
export function contactName(name: string | undefined, id: number | undefined): string {
  return name || `${i18n.global.t('desk.list.visitor')}${id ? ` ${String(id % 10_000).padStart(4, '0')}` : ''}`
}

/** A language tag in words: zh-TW is 繁体中文. */
export function languageName(tag: string): string {
  const script: Record<string, string> = { 'zh-CN': 'zh-Hans', 'zh-TW': 'zh-Hant' }
  try { return new Intl.DisplayNames([lang.value], { type: 'language' }).of(script[tag] ?? tag) ?? tag } catch { return tag }
}

/** Texts of a channel in three languages, kept in one setting as "简体 | 繁體 | English". */
export const texts = ['zh-CN', 'zh-TW', 'en'] as const
export type TextLang = (typeof texts)[number]

/** The three pieces of a setting; a missing one is empty and means the first. */
export function pieces(s: string | undefined): [string, string, string] {
  const p = (s ?? '').split('|').map((x) => x.trim())
  return [p[0] ?? '', p[1] ?? '', p[2] ?? '']
}

/** Joins pieces; the separator cannot stand inside one. */
export function join(p: readonly string[]): string {
  const clean = p.map((s) => s.replaceAll('|', '／').trim())
  while (clean.length > 1 && !clean.at(-1)) clean.pop()
  return clean.join(' | ')
}

export const inLang = (s: string | undefined, lang: TextLang): string => { const p = pieces(s); return p[texts.indexOf(lang)] || p[0] }

export const toLines = (s: string | undefined): string[] => (s ?? '').split(/\r?\n/).filter((l) => l.trim())
export const fromLines = (l: string[]): string => l.map((x) => x.trim()).filter(Boolean).join('\n')

/** What the widget says when a text is not set. */
export function greeting(settings: Record<string, string>, lang: TextLang): string {
  const own = lang === 'en' ? settings.greeting_en : lang === 'zh-TW' ? settings.greeting_zh_tw : ''
  return own || settings.greeting || ''
}

/** Black or white, whichever reads better on a colour; WCAG relative luminance. */
export function inkOn(color: string): string {
  const m = /^#?([0-9a-f]{6})$/i.exec(color)
  if (!m) return '#ffffff'
  const [r, g, b] = [0, 2, 4].map((i) => parseInt(m[1]!.slice(i, i + 2), 16) / 255).map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)) as [number, number, number]
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.4 ? '#111827' : '#ffffff'
}

export const snippet = (origin: string, key: string): string => `<script async src="${origin}/widget.js" data-channel="${key}"></script>`

/** An origin such as https://shop.example or https://*.example, or a bare host. */
export const originOK = (s: string): boolean => /^(https?:\/\/)?(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)*(:\d{1,5})?\/?$/i.test(s.trim())

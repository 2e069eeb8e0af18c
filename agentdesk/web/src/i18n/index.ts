import { createI18n } from 'vue-i18n'
import { ref, watch } from 'vue'

export type Lang = 'zh-CN' | 'en'
export const langs: { value: Lang; name: string }[] = [
  { value: 'zh-CN', name: '简体中文' },
  { value: 'en', name: 'English' },
]

const key = 'zongji.lang'

function first(): Lang {
  const asked = new URLSearchParams(location.search).get('lang') ?? localStorage.getItem(key)
  if (asked === 'en' || asked === 'zh-CN') return asked
  return navigator.language.startsWith('zh') ? 'zh-CN' : 'en'
}

export const i18n = createI18n({ legacy: false, locale: 'zh-CN', fallbackLocale: 'zh-CN', missingWarn: false, fallbackWarn: false, messages: {} })

/** The language of this browser; only its texts are loaded. */
export const lang = ref<Lang>(first())

/** Loads the texts of l and shows them. */
export async function setLang(l: Lang): Promise<void> {
  const texts = l === 'en' ? await import('./en') : await import('./zh-CN')
  i18n.global.setLocaleMessage(l, texts.default)
  i18n.global.locale.value = l
  lang.value = l
  document.documentElement.lang = l
}

watch(lang, l => localStorage.setItem(key, l))

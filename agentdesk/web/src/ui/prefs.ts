import { reactive, watch } from 'vue'

export type Theme = 'auto' | 'light' | 'dark'

const key = 'zongji.prefs'
const defaults = { theme: 'auto' as Theme, sound: true, volume: 0.6, notify: true, send: 'enter' as 'enter' | 'ctrl', dense: false, panel: true }

function load(): typeof defaults {
  try { return { ...defaults, ...JSON.parse(localStorage.getItem(key) ?? '{}') as object } } catch { return { ...defaults } }
}

/** A window too narrow for list, talk and panel: the panel lies over the talk and is closed at first. */
export const narrow = matchMedia('(max-width: 940px)')
const stored = load()

/** What somebody prefers on this device. */
export const prefs = reactive({ ...stored, panel: stored.panel && !narrow.matches })

const dark = matchMedia('(prefers-color-scheme: dark)')

/** Sets the class that both our variables and Element Plus look at. */
export function applyTheme(): void {
  document.documentElement.classList.toggle('dark', prefs.theme === 'dark' || (prefs.theme === 'auto' && dark.matches))
}

watch(prefs, () => {
  localStorage.setItem(key, JSON.stringify({ ...prefs, panel: narrow.matches ? stored.panel : prefs.panel }))
  applyTheme()
})
dark.addEventListener('change', applyTheme)

import 'element-plus/theme-chalk/base.css'
import 'element-plus/theme-chalk/dark/css-vars.css'
import './ui/tokens.css'
import { createPinia } from 'pinia'
import { createApp } from 'vue'
import App from './App.vue'
import { session } from './api/session'
import { i18n, lang, setLang } from './i18n'
import { router } from './router'
import { applyTheme } from './ui/prefs'

applyTheme()
session.onEnd(() => {
  const at = router.currentRoute.value
  if (!at.meta.open) void router.push({ path: '/login', query: { next: at.fullPath, ended: '1' } })
})
await setLang(lang.value)
createApp(App).use(createPinia()).use(i18n).use(router).mount('#app')

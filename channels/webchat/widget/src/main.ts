import { App } from './app'

declare global {
  interface Window { Zongji?: unknown }
}

const script = (document.currentScript ?? document.querySelector('script[data-channel]')) as HTMLScriptElement | null

function start(): void {
  if (window.Zongji || !script?.dataset.channel) return
  const { channel, lang, theme, identity } = script.dataset
  const app = new App(new URL(script.src, location.href).origin, channel!, { lang, theme, identity })
  const host = document.createElement('zongji-widget')
  document.body.append(host)
  app.mount(host)
  window.Zongji = {
    open: () => app.open(), close: () => app.close(), toggle: () => app.toggle(),
    identify: (signed: string) => app.identify(signed), setLang: (lang: string) => app.setLang(lang),
    on: (name: 'unread' | 'open' | 'close', fn: (n?: number) => void) => app.on(name, fn),
  }
}

if (document.body) start()
else addEventListener('DOMContentLoaded', start)

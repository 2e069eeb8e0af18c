import { onScopeDispose, watch } from 'vue'
import { i18n } from '@/i18n'
import { prefs } from '@/ui/prefs'

let audio: AudioContext | null = null

/** Plays two short tones; silent when muted, or before the first click in the tab (browsers forbid it). */
export function beep(high = true): void {
  if (!prefs.sound) return
  audio ??= new AudioContext()
  void audio.resume().then(() => {
    const notes = high ? [880, 1175, 880, 1175] : [660]
    notes.forEach((f, i) => {
      const at = audio!.currentTime + i * 0.16
      const o = audio!.createOscillator(), g = audio!.createGain()
      o.frequency.value = f
      g.gain.setValueAtTime(0, at)
      g.gain.linearRampToValueAtTime(prefs.volume * (high ? 0.35 : 0.15), at + 0.02)
      g.gain.exponentialRampToValueAtTime(0.001, at + 0.14)
      o.connect(g).connect(audio!.destination)
      o.start(at)
      o.stop(at + 0.15)
    })
  })
}

/** Shows a browser notification when the tab is hidden and the user allows it; a click brings the tab back. */
export function notify(title: string, body: string, tag: string, open: () => void): void {
  if (!document.hidden || !prefs.notify || typeof Notification === 'undefined' || Notification.permission !== 'granted') return
  const n = new Notification(title, { body, tag, icon: '/favicon.svg' })
  n.onclick = () => { window.focus(); open(); n.close() }
}

/** Blinks the title while something waits: an offer, or n unread messages. */
export function useTitle(offers: () => number, unread: () => number): void {
  const { t } = i18n.global
  const plain = () => `${t('nav.desk')} · ${t('app.name')}`
  let on = false
  const show = () => {
    on = !on
    const mark = offers() > 0 ? t('desk.alert.offerTitle') : unread() > 0 ? t('desk.alert.title', { n: unread() }) : ''
    document.title = mark && (on || !document.hidden) ? mark + plain() : plain()
  }
  const timer = setInterval(show, 1000)
  const off = watch([offers, unread, i18n.global.locale], show, { immediate: true })
  onScopeDispose(() => { clearInterval(timer); off(); document.title = t('app.name') })
}

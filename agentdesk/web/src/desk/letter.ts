/** The mail that is being written in a conversation: to whom, under which subject, its draft on the server, what stands below it. */
import { computed, onBeforeUnmount, ref, shallowRef, watch, type Ref } from 'vue'
import { api, ApiError } from '@/api/client'
import { session } from '@/api/session'
import type { Message } from '@/api/types'
import { answer as answerTo, fw, mailOf, type Letter } from './mail'
import { useDesk } from './store'

/** A draft is written so long after the last key, ms. */
const quiet = 1000

/** What a draft's body holds; the bot's has a text alone. */
export interface DraftBody { text?: string; letter?: Letter }
interface Draft { user: number; body: DraftBody | null }
export interface Signature { of: 'company' | 'team' | 'user'; id?: number; text: string }

/** A mail that somebody wants to forward: the composer of its conversation takes it. */
export const forwarding = shallowRef<Message | null>(null)

const blank = (): Letter => ({ to: [], cc: [], bcc: [], subject: '' })

/** What will stand below a mail: one's own signature, else the team's, else the company's. */
export function signatureOf(list: Signature[], user: number, team: number | undefined, known: Record<string, string>): string {
  const found = list.find((s) => s.of === 'user' && s.id === user) ?? list.find((s) => s.of === 'team' && s.id === team) ?? list.find((s) => s.of === 'company')
  return (found?.text ?? '').replace(/\{(agent|team|company)\}/g, (_, k: string) => known[k] ?? '').trim()
}

export function useLetter(conv: () => number, text: Ref<string>) {
  const desk = useDesk()
  const head = ref<Letter>(blank())
  const saved = ref<'' | 'saving' | 'saved' | 'unsaved'>('')
  const bot = ref(false)
  const signatures = shallowRef<Signature[]>([])
  /** The heading was changed by hand or loaded: a new mail does not replace it. */
  let own = false
  let setting = false
  let timer: ReturnType<typeof setTimeout> | undefined
  let known = '' // what the server has

  const body = (): DraftBody => ({ text: text.value, ...(own ? { letter: head.value } : {}) })

  function set(l: Letter, mine: boolean) {
    setting = true
    head.value = l
    own = mine
    queueMicrotask(() => { setting = false })
  }
  /** An answer to who wrote last. */
  function answer() {
    const t = desk.talk
    const from = desk.channel(t?.row.channel)?.from
    set(t ? answerTo(t.messages, from ? [from] : []) : blank(), false)
  }

  async function load(c: number) {
    clearTimeout(timer)
    saved.value = known = ''
    bot.value = false
    if (!c) return
    answer()
    if (!signatures.value.length) void api.get<{ items: Signature[] }>('/mail/signatures').then((r) => { signatures.value = r.items ?? [] }, () => undefined)
    try {
      const d = await api.get<Draft>(`/conversations/${c}/draft`)
      if (conv() !== c || !d.body) return
      known = JSON.stringify(d.body)
      if (!text.value && d.body.text) { text.value = d.body.text; bot.value = d.user === 0 }
      if (d.body.letter) set({ ...blank(), ...d.body.letter }, true)
      saved.value = d.user === 0 ? '' : 'saved'
    } catch (e) { if (!(e instanceof ApiError && e.status === 404)) saved.value = 'unsaved' }
  }

  async function save(c: number) {
    const b = body()
    const now = JSON.stringify(b)
    if (now === known || (!known && !b.text && !own)) { saved.value = known ? 'saved' : ''; return }
    saved.value = 'saving'
    try {
      if (b.text || own) await api.put(`/conversations/${c}/draft`, { body: b })
      else await api.delete(`/conversations/${c}/draft`)
      known = b.text || own ? now : ''
      if (conv() === c) saved.value = known ? 'saved' : ''
    } catch { if (conv() === c) saved.value = 'unsaved' }
  }
  function changed() {
    const c = conv()
    clearTimeout(timer)
    if (c) timer = setTimeout(() => void save(c), quiet)
  }

  watch(conv, load, { immediate: true })
  watch(text, changed)
  watch(head, () => { if (!setting) { own = true; changed() } }, { deep: true, flush: 'sync' })
  watch(() => desk.talk?.messages.length, () => { if (!own && conv() && desk.talk?.conv === conv()) answer() })
  watch(forwarding, (m) => {
    if (!m || m.conv !== conv()) return
    forwarding.value = null
    set({ ...blank(), subject: fw(mailOf(m).subject), forward: m.id }, true)
  }, { immediate: true })
  onBeforeUnmount(() => { clearTimeout(timer); if (conv() && saved.value !== 'saved') void save(conv()) })

  /** The mail is on its way: what was begun is done. */
  function take(): Letter {
    clearTimeout(timer)
    const l = head.value
    const c = conv()
    if (known || saved.value === 'saving') void api.delete(`/conversations/${c}/draft`).catch(() => undefined)
    saved.value = known = ''
    bot.value = false
    answer()
    return { ...l }
  }
  /** A mail was taken back. */
  function restore(m: Message) {
    const { to = [], cc = [], bcc = [], subject } = mailOf(m)
    set({ to, cc, bcc, subject }, true)
    changed()
  }

  const signature = computed(() => signatureOf(signatures.value, desk.me, session.user?.team, {
    agent: session.user?.nick || session.user?.name || '', team: desk.directory.teams.find((t) => t.id === session.user?.team)?.name ?? '', company: desk.directory.company,
  }))
  return { head, saved, bot, signature, answer, take, restore }
}

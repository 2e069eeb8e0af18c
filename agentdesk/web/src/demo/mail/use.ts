/** One customer's mailbox: which mail is open, what is being written. */
import { computed, onBeforeUnmount, onMounted, ref, shallowRef, watch } from 'vue'
import { sayError } from '@/ui/say'
import { away } from '../cockpit'
import { box, letter, post, send, whole, type Letter, type Line, type Post, type Whole } from './mail'

/** How often the other mailboxes' counts are asked, ms. */
const every = 2500
const key = 'zongji.mailbox'

export function useMailbox(asked?: string) {
  const state = shallowRef<Post | null>(null)
  const gone = ref<'' | 'down' | 'none'>('')
  const who = ref(asked ?? localStorage.getItem(key) ?? '')
  const folder = ref<'inbox' | 'sent'>('inbox')
  const mails = shallowRef<Line[]>([])
  const open = shallowRef<Whole | null>(null)
  const draft = ref<Letter | null>(null)
  const busy = ref(false)
  const me = computed(() => state.value?.people.find((p) => p.id === who.value))
  const shown = computed(() => mails.value.filter((m) => !!m.sent === (folder.value === 'sent')))

  let timer: ReturnType<typeof setTimeout> | undefined
  let ended = false
  async function load() {
    clearTimeout(timer)
    try {
      state.value = await post()
      gone.value = ''
      if (!me.value) who.value = state.value.people[0]?.id ?? ''
    } catch (e) { gone.value = away(e) } finally { if (!ended) timer = setTimeout(load, every) }
  }

  let stop = new AbortController()
  /** Follows one mailbox until another is opened. */
  async function follow(id: string) {
    stop.abort()
    const mine = (stop = new AbortController())
    for (let rev: number | undefined; !mine.signal.aborted;) {
      try {
        const got = await box(id, rev, mine.signal)
        if (mine.signal.aborted) return
        if (got.rev !== rev) { mails.value = got.mails; void load() }
        rev = got.rev
      } catch {
        rev = undefined // another start of the demo counts anew
        if (!mine.signal.aborted) await new Promise((done) => setTimeout(done, 1000))
      }
    }
  }
  watch(() => me.value?.id, (id) => {
    if (!id) return
    localStorage.setItem(key, id)
    mails.value = []
    folder.value = 'inbox'
    open.value = draft.value = null
    void follow(id)
  })
  onMounted(load)
  onBeforeUnmount(() => { ended = true; clearTimeout(timer); stop.abort() })

  async function read(n: number) {
    draft.value = null
    try { open.value = await whole(who.value, n) } catch (e) { sayError(e) }
  }
  function write(answer?: Whole) { draft.value = letter(state.value?.company.addr ?? '', answer) }
  async function submit(): Promise<boolean> {
    if (!draft.value || busy.value) return false
    busy.value = true
    try {
      await send(who.value, draft.value)
      draft.value = open.value = null
      return true
    } catch (e) { sayError(e); return false } finally { busy.value = false }
  }
  return { state, gone, who, folder, shown, mails, open, draft, busy, me, read, write, submit }
}

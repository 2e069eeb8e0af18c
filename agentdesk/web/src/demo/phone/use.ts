/** One phone: who holds it, which chat is open, what is in it. Everything is asked of the demo's WeChat. */
import { computed, onBeforeUnmount, onMounted, reactive, ref, shallowRef, watch } from 'vue'
import { away } from '../cockpit'
import { act, counter, inbox, refused, world, type Account, type Counter, type Delivered, type Line, type Person, type Refusal, type World } from './wechat'

/** How often what stands around the chat is asked again, ms. */
const every = 2500
/** Refusals that are shown, the newest. */
const shown = 30
const key = 'zongji.phone'

export function usePhone(asked: { user?: string; account?: string }) {
  const kept = JSON.parse(localStorage.getItem(key) ?? '{}') as { user?: string; account?: string }
  const state = shallowRef<World | null>(null)
  const gone = ref<'' | 'down' | 'none'>('')
  const who = ref(asked.user ?? kept.user ?? '')
  const where = ref(asked.account ?? kept.account ?? '')
  const lines = shallowRef<Line[]>([])
  const typing = ref(false)
  const left = shallowRef<Counter | null>(null)
  const refusals = shallowRef<Refusal[]>([])
  const last = reactive<{ d: Delivered | null; error: string }>({ d: null, error: '' })
  const busy = ref(0)
  /** WeChat's clock minus ours, ms: it can be moved. */
  const skew = ref(0)

  const me = computed<Person | undefined>(() => state.value?.users.find((u) => u.id === who.value))
  const account = computed<Account | undefined>(() => state.value?.accounts.find((a) => a.id === where.value))

  let timer: ReturnType<typeof setTimeout> | undefined
  let ended = false
  async function load() {
    clearTimeout(timer)
    try {
      const w = await world()
      state.value = w
      skew.value = w.now - Date.now()
      gone.value = ''
      if (!me.value) who.value = w.users[0]?.id ?? ''
      if (!account.value) where.value = w.accounts[0]?.id ?? ''
      const newest = refusals.value.at(-1)?.n ?? 0
      const more = await refused(newest)
      if (more.length) refusals.value = [...refusals.value, ...more].slice(-shown)
      await count()
    } catch (e) { gone.value = away(e) } finally { if (!ended) timer = setTimeout(load, every) }
  }
  async function count() {
    if (me.value && account.value) left.value = await counter(me.value.id, account.value.id)
  }

  let stop = new AbortController()
  /** Follows one chat until another is opened. */
  async function follow(user: string, chat: string) {
    stop.abort()
    const mine = (stop = new AbortController())
    lines.value = []
    typing.value = false
    left.value = null
    for (let rev = -1; !mine.signal.aborted;) {
      try {
        const got = await inbox(user, chat, rev, mine.signal)
        if (mine.signal.aborted) return
        if (got.rev !== rev || rev < 0) { lines.value = got.lines.length || rev < 0 ? got.lines : lines.value; void count().catch(() => undefined) }
        rev = got.rev
        typing.value = got.typing
      } catch {
        if (!mine.signal.aborted) await new Promise((done) => setTimeout(done, 1000))
      }
    }
  }
  watch([() => me.value?.id, () => account.value?.id], ([user, chat]) => {
    if (!user || !chat) return
    localStorage.setItem(key, JSON.stringify({ user, account: chat }))
    void follow(user, chat)
  })
  onMounted(load)
  onBeforeUnmount(() => { ended = true; clearTimeout(timer); stop.abort() })

  /** Does something as the person who holds the phone; what WeChat or the callback says stays in last. */
  async function does(what: string, more: object = {}): Promise<void> {
    if (!me.value || !account.value) return
    busy.value++
    last.error = ''
    try {
      last.d = await act(me.value.id, account.value.id, what, more)
      last.error = last.d.error ?? ''
    } catch (e) { last.error = e instanceof Error ? e.message : String(e) } finally { busy.value--; void count().catch(() => undefined) }
  }
  return { state, gone, who, where, me, account, lines, typing, left, refusals, last, busy, skew, does, load }
}

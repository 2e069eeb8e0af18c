import { defineStore } from 'pinia'
import { computed, reactive, ref, shallowRef } from 'vue'
import { api, ApiError } from '@/api/client'
import { useLive } from '@/api/live'
import { session } from '@/api/session'
import type { Frame } from '@/api/socket'
import type { Agent, ChannelAccount, Conversation, ConversationView, Counts, Event, FileRef, Message, Offer, OfferCard, OfferEnd, Page, Queue, QuickReply, Team, Template } from '@/api/types'
import { apply, emptyState, gone, install, prepend, putMessage, putRows, type DeskState } from './state'
import type { Letter } from './mail'
import { newCID, Outbox } from './outbox'

export type Tab = 'mine' | 'waiting' | 'team' | 'closed'
export const tabs: Tab[] = ['mine', 'waiting', 'team', 'closed']

/** What names the numbers in rows: GET /agents. */
export interface Directory {
  items: Agent[]
  queues: Pick<Queue, 'id' | 'key' | 'name' | 'team' | 'first_s'>[] & { waiting?: number }[]
  teams: Team[]
  channels: (Pick<ChannelAccount, 'id' | 'kind' | 'name'> & { type?: string; from?: string; undo_s?: string })[]
  categories: string[]
  company: string
}

/** An offer that rings. */
export interface Ring { offer: Offer; card: OfferCard }

interface ListState { loading: boolean; loaded: boolean; error: unknown; next: string }
interface Typing { name: string; text: string; from: string; until: number }

/** Rows of a page of a list. */
const pageSize = 100
/** How long a gap may heal by itself (frames out of order) before the conversation is fetched, ms. */
const gapWait = 150
/** Timelines kept in memory besides the open one. */
const maxTalks = 30
/** A typing note ends by itself, ms. */
const typingLasts = 6000

export const useDesk = defineStore('desk', () => {
  const live = useLive()
  const state = reactive(emptyState()) as DeskState
  const selected = ref(0)
  const tab = ref<Tab>('mine')
  const lists = reactive<Record<Tab, ListState>>({ mine: list(), waiting: list(), team: list(), closed: list() })
  const counts = ref<Counts>({ mine: 0, mine_unread: 0, waiting: 0, team: 0 })
  const directory = shallowRef<Directory>({ items: [], queues: [], teams: [], channels: [], categories: [], company: '' })
  const replies = shallowRef<QuickReply[]>([])
  const rings = reactive<Ring[]>([])
  const typing = reactive(new Map<number, Typing>())
  const talkError = ref<unknown>(null)
  const outbox = shallowRef<Outbox | null>(null)
  const healing = new Map<number, ReturnType<typeof setTimeout>>()
  const offs: (() => void)[] = []
  /** Offers that we answer just now: their end is no news. */
  const answering = new Set<number>()
  const heard: { offer: (r: Ring) => void; message: (ev: Event) => void; ended: (e: OfferEnd) => void } = { offer: () => undefined, message: () => undefined, ended: () => undefined }

  const me = computed(() => session.user?.id ?? 0)
  const talk = computed(() => state.talks.get(selected.value) ?? null)
  const views = computed(() => split(state.rows.values(), me.value))
  const unread = computed(() => views.value.mine.reduce((n, r) => n + r.unread, 0))

  // --- loading

  async function load(t: Tab, more = false): Promise<void> {
    const l = lists[t]
    if (l.loading) return
    l.loading = true
    l.error = null
    try {
      const p = await api.get<Page<Conversation>>('/conversations', { view: t, limit: pageSize, before: more ? l.next : undefined })
      putRows(state, p.items ?? [])
      l.next = p.next ?? ''
      l.loaded = true
    } catch (e) { l.error = e } finally { l.loading = false }
  }

  /** Everything anew: at the start, and when the server could not resume. */
  async function snapshot(): Promise<void> {
    const before = new Set(state.rows.keys())
    const seen = new Set<number>()
    const open = tabs.filter(t => t === 'mine' || t === 'waiting' || lists[t].loaded)
    await Promise.all(open.map(async t => {
      const l = lists[t]
      l.loading = true
      l.error = null
      try {
        const p = await api.get<Page<Conversation>>('/conversations', { view: t, limit: pageSize })
        for (const r of p.items ?? []) seen.add(r.id)
        putRows(state, p.items ?? [])
        l.next = p.next ?? ''
        l.loaded = true
      } catch (e) { l.error = e } finally { l.loading = false }
    }))
    if (!open.some(t => lists[t].error)) {
      for (const id of before) if (!seen.has(id) && id !== selected.value) { state.rows.delete(id); state.talks.delete(id) }
    }
    if (selected.value) void fetchTalk(selected.value)
    void loadCounts()
  }

  async function loadCounts(): Promise<void> {
    try { counts.value = await api.get<Counts>('/conversations/counts') } catch { /* badges only */ }
  }

  async function loadDirectory(): Promise<void> {
    try {
      const d = await api.get<Partial<Directory>>('/agents')
      directory.value = { items: d.items ?? [], queues: d.queues ?? [], teams: d.teams ?? [], channels: d.channels ?? [], categories: d.categories ?? [], company: d.company ?? '' }
      for (const a of directory.value.items) if (a.status) live.setStatus(a.status)
    } catch { /* names are missing, ids are shown; the next config event tries again */ }
  }

  async function loadReplies(): Promise<void> {
    try { replies.value = (await api.get<Page<QuickReply>>('/quick-replies', { limit: 200 })).items ?? [] } catch { /* "/" finds nothing */ }
  }

  async function fetchTalk(conv: number): Promise<void> {
    if (conv === selected.value) talkError.value = null
    try {
      const v = await api.get<ConversationView>(`/conversations/${conv}`)
      if (install(state, v) === 'gap') heal(conv)
    } catch (e) {
      if (e instanceof ApiError && e.status === 404) { state.rows.delete(conv); state.talks.delete(conv) }
      if (conv === selected.value) talkError.value = e
    }
  }

  /** Fetches what is missing, unless it comes by itself in a moment. */
  function heal(conv: number): void {
    if (healing.has(conv)) return
    healing.set(conv, setTimeout(() => {
      healing.delete(conv)
      const t = state.talks.get(conv)
      if (t ? t.early.length > 0 || (state.rows.get(conv)?.rev ?? 0) > t.rev : true) void fetchTalk(conv)
    }, gapWait))
  }

  async function select(conv: number): Promise<void> {
    selected.value = conv
    talkError.value = null
    if (!conv) return
    if (state.talks.has(conv)) seen(conv)
    else {
      await fetchTalk(conv)
      seen(conv)
    }
    const others = [...state.talks.keys()].filter(id => id !== selected.value && state.rows.get(id)?.owner !== me.value)
    for (const id of others.slice(0, Math.max(0, state.talks.size - maxTalks))) state.talks.delete(id)
  }

  async function older(conv: number): Promise<void> {
    const t = state.talks.get(conv)
    if (!t?.more) return
    const p = await api.get<Page<Message> & { messages?: Message[]; more?: boolean }>(`/conversations/${conv}/messages`, { before: t.messages[0]?.seq, limit: 50 })
    const got = p.items ?? p.messages ?? []
    prepend(t, got, p.more ?? got.length === 50)
  }

  // --- frames

  function onEvent(f: Frame): void {
    const ev = f.event as Event
    const before = state.rows.get(ev.conv)
    if (apply(state, ev) === 'gap') heal(ev.conv)
    if (ev.msg && ev.kind === 'message') {
      if (ev.msg.from === 'contact') typing.delete(ev.conv)
      if (ev.msg.cid) outbox.value?.drop(ev.msg.cid)
      heard.message(ev)
    }
    if (ev.kind === 'contact' && state.talks.has(ev.conv)) void fetchTalk(ev.conv)
    if (ev.conv === selected.value && ev.msg?.from === 'contact') seen(ev.conv)
    if ((before?.status !== ev.after.status || before?.owner !== ev.after.owner) && !lists.team.loaded) void loadCounts()
  }

  function onGone(f: Frame): void {
    const conv = Number(f.conv)
    if (gone(state, conv, Number(f.rev)) && conv === selected.value) selected.value = 0
  }

  function ring(r: Ring): void {
    if (r.offer.auto || rings.some(x => x.offer.id === r.offer.id)) return
    rings.push(r)
    heard.offer(r)
  }

  function onOfferEnd(f: Frame): void {
    const e: OfferEnd = { offer: Number(f.offer), conv: Number(f.conv), how: f.how as OfferEnd['how'] }
    const i = rings.findIndex(r => r.offer.id === e.offer)
    if (i < 0) return
    rings.splice(i, 1)
    if (!answering.has(e.offer)) heard.ended(e)
  }

  function onTyping(f: Frame): void {
    const conv = Number(f.conv)
    if (!f.on) { typing.delete(conv); return }
    typing.set(conv, { name: String(f.name ?? ''), text: String(f.text ?? ''), from: String(f.from ?? ''), until: Date.now() + typingLasts })
    setTimeout(() => { if ((typing.get(conv)?.until ?? 0) <= Date.now()) typing.delete(conv) }, typingLasts + 50)
  }

  async function onWelcome(f: Frame): Promise<void> {
    const given = ((f.offers as (Offer & { card?: OfferCard; offer?: Offer })[]) ?? []).map(o => ({ offer: o.offer ?? o, card: o.card ?? (o as unknown as { card: OfferCard }).card }))
    for (let i = rings.length - 1; i >= 0; i--) if (!given.some(g => g.offer.id === rings[i]!.offer.id)) rings.splice(i, 1)
    for (const g of given) ring(g)
    if (!f.resumed) await snapshot()
    outbox.value?.flushAll()
  }

  function onConfig(f: Frame): void {
    if (f.what === 'replies') void loadReplies()
    if (['queues', 'users', 'channels', 'settings'].includes(String(f.what))) void loadDirectory()
  }

  // --- doing

  /** Marks what the open conversation shows as read, when somebody looks. */
  function seen(conv: number): void {
    const t = state.talks.get(conv)
    const last = t?.messages.at(-1)?.seq
    if (!t || !last || t.row.owner !== me.value || document.hidden || last <= t.row.agent_seen) return
    if (live.online) live.tell('read', { conv, seq: last })
    else void api.post(`/conversations/${conv}/read`, { seq: last }).catch(() => undefined)
    t.row = { ...t.row, agent_seen: last, unread: 0 }
    const row = state.rows.get(conv)
    if (row) state.rows.set(conv, { ...row, agent_seen: last, unread: 0 })
  }

  function send(conv: number, what: { text?: string; files?: FileRef[]; note?: boolean; template?: Template; mail?: Letter }): void {
    outbox.value?.add({ cid: newCID(), conv, text: what.text ?? '', files: what.files ?? [], note: what.note ?? false, template: what.template, mail: what.mail, at: Date.now(), state: 'sending' })
  }

  /** Does something to a conversation and takes the row that comes back. */
  async function act(conv: number, what: string, body: object = {}): Promise<Conversation | undefined> {
    const r = await api.post<Conversation | { conv?: Conversation; row?: Conversation } | undefined>(`/conversations/${conv}/${what}`, body)
    return took(r)
  }

  function took(r: unknown): Conversation | undefined {
    const o = r as { id?: number; conv?: Conversation; row?: Conversation } | undefined
    const row = typeof o?.conv === 'object' ? o.conv : o?.row ?? (o?.id ? o as Conversation : undefined)
    if (row) {
      putRows(state, [row])
      if (state.talks.has(row.id)) heal(row.id)
    }
    return row
  }

  /** Rows that a moved mail changed, with the timelines that are open. */
  function moved(rows: Conversation[]): void {
    putRows(state, rows)
    for (const r of rows) if (state.talks.has(r.id)) void fetchTalk(r.id)
  }

  async function accept(offer: Offer): Promise<void> {
    answering.add(offer.id)
    try {
      const r = await live.request<{ conv: Conversation }>('accept', { offer: offer.id }, [`/offers/${offer.id}/accept`])
      took(r)
      tab.value = 'mine'
      await select(offer.conv)
    } finally { endRing(offer.id) }
  }

  async function decline(offer: Offer, reason: string): Promise<void> {
    answering.add(offer.id)
    try { await live.request('decline', { offer: offer.id, reason }, [`/offers/${offer.id}/decline`, { reason }]) } finally { endRing(offer.id) }
  }

  function endRing(id: number): void {
    const i = rings.findIndex(r => r.offer.id === id)
    if (i >= 0) rings.splice(i, 1)
  }

  function start(): void {
    outbox.value = new Outbox({
      store: localStorage, prefix: `zongji.outbox.${me.value}.`,
      send: async u => {
        const body = { cid: u.cid, text: u.text, files: u.files.map(f => f.id), note: u.note, ...(u.template ? { template: u.template } : {}), ...(u.mail ? { mail: u.mail } : {}) }
        if (u.mail) return await api.post<Message>(`/conversations/${u.conv}/messages`, body)
        const r = await live.request<{ msg?: Message } & Message>('reply', { conv: u.conv, ...body }, [`/conversations/${u.conv}/messages`, body])
        return r.msg ?? r
      },
      sent: m => {
        const t = state.talks.get(m.conv)
        if (t && !t.messages.some(x => x.seq === m.seq)) putMessage(t, m)
      },
    })
    offs.push(
      live.on('welcome', f => void onWelcome(f)), live.on('event', onEvent), live.on('gone', onGone),
      live.on('offer', f => ring({ offer: f.offer as Offer, card: f.card as OfferCard })), live.on('offer_end', onOfferEnd),
      live.on('typing', onTyping), live.on('config', onConfig),
    )
    document.addEventListener('visibilitychange', look)
    void loadDirectory()
    void loadReplies()
    void snapshot()
    outbox.value.flushAll()
  }

  function look(): void { if (!document.hidden && selected.value) seen(selected.value) }

  /** Called when the desk goes from the screen: nothing of it stays but the outbox in localStorage. */
  function stop(): void {
    document.removeEventListener('visibilitychange', look)
    offs.splice(0).forEach(off => off())
    healing.forEach(clearTimeout)
    healing.clear()
    outbox.value?.stop()
    state.rows.clear()
    state.talks.clear()
    rings.splice(0)
    typing.clear()
    for (const t of tabs) lists[t] = list()
    selected.value = 0
  }

  const agentName = (id?: number): string => {
    const a = directory.value.items.find(x => x.id === id)
    return a ? a.name : id === me.value ? session.user?.name ?? '' : id ? `#${id % 100_000}` : ''
  }
  const queue = (id?: number) => directory.value.queues.find(q => q.id === id)
  const queueName = (id?: number): string => queue(id)?.name ?? ''
  const channel = (id?: number) => directory.value.channels.find(c => c.id === id)
  /** The kind as the sign shows it: a mini-program is told from an official account. */
  const sign = (row: Pick<Conversation, 'channel' | 'kind'>): string => channel(row.channel)?.type === 'mini' ? 'mini' : row.kind

  return {
    state, selected, tab, lists, counts, directory, replies, rings, typing, talk, talkError, outbox, views, unread, me, heard,
    load, loadDirectory, loadReplies, fetchTalk, select, older, seen, send, act, moved, accept, decline, start, stop, agentName, queue, queueName, channel, sign,
  }
})

function list(): ListState {
  return { loading: false, loaded: false, error: null, next: '' }
}

/** Sorts rows into the tabs: mine and closed by last change, waiting in the order of service. */
export function split(rows: Iterable<Conversation>, me: number): Record<Tab, Conversation[]> {
  const v: Record<Tab, Conversation[]> = { mine: [], waiting: [], team: [], closed: [] }
  for (const r of rows) {
    if (r.status === 'closed') v.closed.push(r)
    else if (r.status === 'queued') v.waiting.push(r)
    else if (r.owner === me && me !== 0) v.mine.push(r)
    else v.team.push(r)
  }
  const key = (r: Conversation) => (r.queued_at ?? r.last_at) - (r.demand?.points ?? 0) * 60_000
  v.mine.sort((a, b) => b.last_at - a.last_at || a.id - b.id)
  v.team.sort((a, b) => b.last_at - a.last_at || a.id - b.id)
  v.closed.sort((a, b) => (b.closed_at ?? b.last_at) - (a.closed_at ?? a.last_at) || a.id - b.id)
  v.waiting.sort((a, b) => Number(!!b.demand?.p1) - Number(!!a.demand?.p1) || key(a) - key(b) || a.id - b.id)
  return v
}

import { defineStore } from 'pinia'
import { computed, reactive, ref } from 'vue'
import { skew } from '@/ui/time'
import { api } from './client'
import { session } from './session'
import { DeskSocket, type Frame, type SocketState } from './socket'
import type { AgentState, AgentStatus, Me } from './types'

/** The live connection of this tab: its state, one's own status, everybody's status; frames go to listeners. */
export const useLive = defineStore('live', () => {
  const state = ref<SocketState>('idle')
  const retryAt = ref(0)
  const me = ref<AgentStatus | null>(null)
  const scope = ref<Me['scope'] | null>(null)
  const statuses = reactive(new Map<number, AgentStatus>())
  const listeners = new Map<string, Set<(f: Frame) => void>>()
  let socket: DeskSocket | null = null

  const online = computed(() => state.value === 'online')
  /** Nothing can be saved now: actions are disabled, writing goes to the outbox. */
  const readOnly = computed(() => state.value === 'unavailable')

  function on(t: string, fn: (f: Frame) => void): () => void {
    const set = listeners.get(t) ?? new Set()
    listeners.set(t, set.add(fn))
    return () => set.delete(fn)
  }

  function setStatus(s: AgentStatus): void {
    statuses.set(s.user, s)
    if (s.user === session.user?.id) me.value = s
  }

  function frame(f: Frame): void {
    if (f.t === 'welcome') {
      skew.value = Number(f.now ?? Date.now()) - Date.now()
      if (f.me) setStatus(f.me as AgentStatus)
    }
    if (f.t === 'agent') setStatus(f.status as AgentStatus)
    for (const fn of listeners.get(f.t) ?? []) fn(f)
  }

  /** Learns who we are and connects, once. */
  async function start(): Promise<void> {
    const m = await api.get<Me>('/me')
    session.know(m)
    scope.value = m.scope
    if (m.state) setStatus(m.state)
    if (socket || !session.may('desk')) return
    const url = `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws/desk`
    socket = new DeskSocket({
      url, token: () => session.token, frame,
      state: (s, at) => {
        state.value = s
        retryAt.value = at
        if (s === 'ended') session.ended()
      },
    })
    socket.connect()
    window.addEventListener('online', reconnect)
  }

  function stop(): void {
    window.removeEventListener('online', reconnect)
    socket?.close()
    socket = null
    me.value = null
    statuses.clear()
  }

  function reconnect(): void {
    if (socket && state.value !== 'online') socket.connect()
  }

  /** A request by the socket while it is online, else its REST twin. */
  async function request<T>(t: string, body: object, twin: [path: string, body?: object]): Promise<T> {
    if (socket?.online) return await socket.request(t, body) as unknown as T
    return await api.post<T>(twin[0], twin[1] ?? {})
  }

  async function setState(st: AgentState, reason = ''): Promise<void> {
    const r = await request<{ me?: AgentStatus }>('state', { state: st, reason }, ['/me/state', { state: st, reason }])
    if (r?.me) setStatus(r.me)
  }

  const tell = (t: string, body: object): void => socket?.tell(t, body)

  return { state, retryAt, me, scope, statuses, online, readOnly, on, start, stop, reconnect, request, tell, setState, setStatus }
})

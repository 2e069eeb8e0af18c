/** The JSON of docs/protocol.md and internal/zongji, as screens see it. Times are milliseconds since 1970. */

export type Status = 'bot' | 'queued' | 'assigned' | 'wrapup' | 'parked' | 'closed'
export type Party = 'contact' | 'bot' | 'agent' | 'system' | 'note'
export type MessageKind =
  | 'text' | 'image' | 'file' | 'candidates' | 'answer' | 'rate' | 'voice' | 'video' | 'location' | 'link' | 'minipage' | 'template'
  | 'event' | 'other' | 'mail'
export type SendState =
  | 'stored' | 'pending' | 'sending' | 'sent' | 'delivered' | 'read' | 'failed' | 'unknown' | 'withdrawn'
  | 'fetching' | 'recalled'
export type AgentState = 'ready' | 'break' | 'unanswered' | 'offline'
export type Role = 'admin' | 'supervisor' | 'agent' | 'auditor'
export type Perm =
  | 'public' | 'self' | 'desk' | 'reply' | 'contact' | 'reveal' | 'export' | 'wall' | 'supervise' | 'kb' | 'rules'
  | 'users' | 'channels' | 'system'

export interface SkillLevel { skill: string; level: number }

export interface Demand {
  queue: number
  skills?: SkillLevel[]
  preferred?: SkillLevel[]
  lang?: string
  exclude?: number[]
  p1?: boolean
  points: number
  affinity?: number
  affinity_s?: number
  only?: number
}

export interface Conversation {
  id: number
  channel: number
  kind: string
  contact: number
  status: Status
  epoch: number
  rev: number
  owner?: number
  queue?: number
  team?: number
  previous?: number
  last_seq: number
  handled_seq: number
  agent_seen: number
  contact_got: number
  contact_saw: number
  unread: number
  demand?: Demand
  units: number
  tags?: string[]
  category?: string
  summary?: string
  lang: string
  stars?: number
  last_user?: number
  preview: string
  preview_from?: Party
  created_at: number
  last_at: number
  waiting_from?: number
  queued_at?: number
  assigned_at?: number
  first_at?: number
  closed_at?: number
  due_at?: number
  /** Where the customer came from: QR scene, link scene, session-from. */
  scene?: string
  /** Absent where the channel lets us write at any time. */
  window?: Window
  contact_name?: string
  contact_level?: number
}

/** How much a channel lets us write after what the customer did. */
export interface Window {
  until: number
  left: number
  /** After a click, scan, subscribe or entering. */
  brief_until?: number
  brief_left?: number
  /** Kept by the bot for people. */
  reserve: number
  /** He unsubscribed or refuses messages. */
  ended?: boolean
  /** Since then the channel's own people (WeCom's seats) serve him. */
  held?: number
}

/** ms: the length of a voice, where the channel knows it. */
export interface FileRef { id: number; name: string; type: string; size: number; w?: number; h?: number; ms?: number; url: string }

export interface Option { value: string; text: string }

/** What a message has beside its text, each kind its own: internal/zongji/message.go. */
export interface Extra {
  // candidates, answer, rate, a pressed button
  options?: Option[]; faq?: number; question?: string; category?: string; score?: number
  stars?: number; tags?: string[]; choice?: string
  // voice: ms, text as the channel recognised it
  ms?: number; text?: string
  // location
  lat?: number; lon?: number; name?: string; label?: string
  // link, mini page, template
  title?: string; url?: string; pic?: string; app?: string; path?: string; form?: string; id?: string; fields?: Record<string, string>
  // what the customer did, and what cannot be shown
  event?: string; value?: string; type?: string; raw?: string
}

/** A message by template or subscription, outside the reply window. */
export interface Template { form: string; id: string; title?: string; fields: Record<string, string>; url?: string }

export interface Message {
  id: number
  conv: number
  seq: number
  from: Party
  author?: number
  author_name?: string
  kind: MessageKind
  text?: string
  files?: FileRef[]
  extra?: Extra
  at: number
  cid?: string
  state: SendState
  reason?: string
  /** The channel's own code of a failure, "wechat:45015". */
  code?: string
}

export interface View { status: Status; queue?: number; team?: number; owner?: number }

export type EventKind =
  | 'message' | 'state' | 'routed' | 'offered' | 'declined' | 'lapsed' | 'assigned' | 'requeued' | 'parked' | 'wrapup'
  | 'closed' | 'reopened' | 'rated' | 'tagged' | 'bot' | 'points' | 'contact' | 'unroutable' | 'feedback'
  | 'window'

export interface CandidateWhy { agent: number; fits: boolean; why?: string; load?: number; idle_s?: number }
export interface RuleOutcome { rule: string; name: string; fired: boolean; why?: string }
export interface Facts {
  channel: string; kind: string; text?: string; category?: string; level: number; lang: string; in_hours: boolean
  reason: string; scene?: string; tags?: string[]; hour: number; weekday: number
}
export interface Decision { version: number; rules: RuleOutcome[] | null; facts: Facts }

/** All fields that Data has in any kind of event; each kind sets its own (internal/zongji/event.go). */
export interface EventData {
  reason?: string; queue?: number; demand?: Demand; points?: number; place?: number; wait_s?: number; note?: string
  decision?: Decision
  offer?: number; agent?: number; until?: number; candidates?: (CandidateWhy & BotScore)[]
  how?: string; wait_ms?: number; why?: string; category?: string; summary?: string
  stars?: number; tags?: string[]; comment?: string; msg?: number; code?: string; files?: FileRef[]; faq?: number; solved?: boolean
  agent_seen?: number; contact_got?: number; contact_saw?: number; state?: SendState
  act?: string; query?: string; kb?: number
}
export interface BotScore { faq: number; question: string; score: number }

export interface Event {
  id: number
  conv: number
  rev: number
  at: number
  kind: EventKind
  by: 'contact' | 'bot' | 'agent' | 'system'
  actor?: number
  before: View
  after: View
  data?: EventData
  msg?: Message
  row?: Conversation
  cfg?: number
}

export interface Contact {
  id: number
  name: string
  level: number
  phone?: string
  email?: string
  lang?: string
  attrs?: Record<string, string>
  note?: string
  blocked?: boolean
  verified?: boolean
  created_at: number
  last_at: number
}

export interface AgentStatus {
  user: number
  team?: number
  state: AgentState
  reason?: string
  online: boolean
  since: number
  load: number
  capacity: number
  chats: number
}

export interface User {
  id: number
  login: string
  name: string
  nick: string
  role: Role
  team?: number
  skills?: Record<string, number>
  langs?: string[]
  capacity: number
  disabled?: boolean
  demo?: boolean
  created_at: number
}

export interface Scope { all?: boolean; user: number; teams?: number[]; queues?: number[] }
export interface Login { token: string; expires_at: number; user: User; perms: Perm[] }
export interface Me { user: User; perms: Perm[]; scope: Scope; state: AgentStatus }

export interface Offer {
  id: number; conv: number; epoch: number; agent: number; queue: number; units: number; at: number; until: number; auto?: boolean
}
export interface OfferCard { row: Conversation; messages?: Message[]; why?: string }
export interface OfferEnd { offer: number; conv: number; how: 'taken' | 'declined' | 'lapsed' | 'withdrawn' }

export interface Queue {
  id: number; key: string; name: string; team: number; skills?: SkillLevel[]; calendar: string; fallback?: number
  neighbours?: number[]; offer_s: number; auto_accept: boolean; max_offers: number; broadcast: number; ring_s?: number[]
  reopen_s: number; wrapup_s: number; idle_close_s: number; first_s: number; units: number; lost_s: number; disabled?: boolean
}
export interface Team { id: number; key: string; name: string }
export interface Skill { key: string; name: string }
export interface FAQ {
  id: number; key?: string; category: string; question: string; similar?: string[]; answer: string; disabled?: boolean
  updated_at: number; hits: number; good: number; bad: number
}
export interface QuickReply { id: number; group: string; shortcut: string; title: string; text: string; owner?: number }
export interface ChannelAccount {
  id: number; kind: string; name: string; key: string; queue: number; bot: boolean; disabled?: boolean
  settings: Record<string, string>; updated_at: number
  /** Values of secret fields, only when written; never read. */
  secrets?: Record<string, string>
  /** Keys of the secrets that are set. */
  have?: string[]
}

/** One colleague of GET /agents. */
export interface Agent {
  id: number; login?: string; name: string; nick?: string; team?: number; team_name?: string; role?: Role
  skills?: Record<string, number>; status?: AgentStatus
}

export interface Page<T> { items: T[] | null; next?: string }
export interface Counts { mine: number; mine_unread: number; waiting: number; team: number }
export interface ConversationView {
  row: Conversation
  contact: Contact
  messages: Message[] | null
  more: boolean
  events: Event[] | null
  previous: Conversation[] | null
}
export interface SearchHit {
  kind: 'conversation' | 'message' | 'contact' | 'conversations' | 'messages' | 'contacts'
  conv?: number
  row?: Conversation
  msg?: Message
  contact?: Contact
  snippet?: string
  /** Pairs of character offsets [from, to) into snippet. */
  marks?: [number, number][]
}

import * as core from './core'
import type { FileRef, Lang, Msg, Option, Out } from './core'
import { h, icon, icons, prose } from './dom'
import { known, langs, t, type Key } from './i18n'
import { Socket, type Frame } from './net'
import css from './style.css?inline'

/** The account as `welcome` and /config describe it. */
interface Look {
  title: string; greeting: string; color: string; launcher: string; position: string; menu: Option[]; tags: string[]
  lang: string; bot: boolean; open: boolean; next?: number
}

interface Limits { text: number; file: number; files: number; types: string[] }

const emojis = [...'😄😂😊😍🤔😅😢😭😡😱🙏👍👎👌🌹🎉']
/** Gap between messages after which the time is written, ms. */
const timeGap = 5 * 60_000
const typeEvery = 2000
type Hook = 'unread' | 'open' | 'close'

/** App is one widget on one page. */
export class App {
  #lang: Lang = 'zh-CN'
  private state = core.fresh()
  #saved: Partial<core.Saved> = {}
  #done = new Set<string>()
  #store?: Storage
  #key = ''
  #identity = ''
  #tab = Math.random().toString(36).slice(2) + Date.now().toString(36)
  #look: Look = { title: '', greeting: '', color: '', launcher: '', position: '', menu: [], tags: [], lang: 'auto', bot: true, open: true }
  #limits: Limits = { text: 4000, file: 20 << 20, files: 9, types: [] }
  #sock!: Socket
  #shown = false
  #busy = false
  #blobs = new Map<string, { files: File[]; url: string[] }>()
  #typing = { name: '', until: 0 }
  #typedAt = 0
  #typeEnd = 0
  #marked = ''
  #stars = { n: 0, tags: new Set<string>(), open: true }
  #nodes = new Map<string, { sig: string; el: HTMLElement }>()
  #hooks: [Hook, (n?: number) => void][] = []
  #counted = -1
  #queued = false
  #endAsked = 0

  #root!: ShadowRoot
  #host!: HTMLElement
  #el!: ReturnType<App['build']>

  constructor(private base: string, private channel: string, private opts: { lang?: string; theme?: string; identity?: string }) {}

  /** mount puts the widget into the page. */
  mount(host: HTMLElement): void {
    this.#host = host
    this.#root = host.attachShadow({ mode: 'open' })
    try {
      const sheet = new CSSStyleSheet()
      sheet.replaceSync(css)
      this.#root.adoptedStyleSheets = [sheet]
    } catch {
      this.#root.append(h('style', {}, css))
    }
    this.#identity = this.opts.identity || ''
    this.#openStore()
    this.setLang()
    this.#theme()
    this.#el = this.build()
    this.#root.append(this.#el.wrap)
    this.#sock = new Socket(`${this.base.replace(/^http/, 'ws')}/ws/chat?channel=${encodeURIComponent(this.channel)}`, this.state, {
      hello: () => ({ identity: this.#identity, lang: this.#lang, page: { url: location.href.slice(0, 500), title: document.title.slice(0, 200) }, tab: this.#tab }),
      welcome: f => this.#welcome(f),
      push: f => this.#push(f),
      line: () => this.#paint(),
      forget: () => this.#forget(),
      blame: cid => this.#fail(cid, 'bad_frame'),
    })
    this.#labels()
    void this.#config()
    if (this.state.token || this.state.out.length || this.#identity) this.#sock.start()
    addEventListener('pagehide', () => this.#save())
    addEventListener('focus', () => this.#paint())
    addEventListener('storage', e => { // read in another tab
      if (e.key === this.#key && e.newValue) this.state.saw = JSON.parse(e.newValue).saw
      this.#paint()
    })
    this.#paint()
  }

  // ---- window.Zongji

  open(): void {
    if (this.#shown) return
    this.#shown = true
    this.#sock.start()
    this.#bottom()
    this.#el.input.focus()
    this.#call('open')
  }

  close(): void {
    if (!this.#shown) return
    this.#shown = false
    this.#paintNow()
    this.#el.launch.focus()
    this.#call('close')
  }

  toggle(): void { if (this.#shown) this.close(); else this.open() }

  /** identify makes the visitor a known customer; "" makes him nobody again. */
  identify(signed: string): void {
    if (signed === this.#identity) return
    this.#save()
    this.#identity = signed
    this.#openStore()
    this.#wipe()
    if (signed || this.state.token || this.#shown) this.#sock.again()
    this.#paint()
  }

  setLang(lang?: string): void {
    const fix = (l?: string) => langs.find(x => x[0] === l)?.[0]
    this.#lang = fix(lang) ?? fix(this.#saved.lang) ?? fix(this.opts.lang) ?? fix(this.#look.lang) ??
      core.pickLang([document.documentElement.lang, ...navigator.languages].filter(Boolean))
    if (lang) { this.#saved.lang = this.#lang; this.#save() }
    if (!this.#el) return
    this.#wipe()
    this.#labels()
    this.#paint()
    if (lang) void this.#config()
  }

  on(name: Hook, fn: (n?: number) => void): void {
    this.#hooks.push([name, fn])
  }

  /** call tells the page; its mistakes end up in its own console. */
  #call(name: Hook, n?: number): void {
    for (const [on, fn] of this.#hooks) if (on === name) queueMicrotask(() => fn(n))
  }

  // ---- what is kept

  /** openStore picks where things are kept: for known customers only as long as the tab lives. */
  #openStore(): void {
    let sub = ''
    try { sub = JSON.parse(atob(this.#identity.split('.')[0]!.replace(/-/g, '+').replace(/_/g, '/'))).sub } catch { /* none */ }
    this.#key = `zongji:${this.channel}${this.#identity ? ':u:' + sub : ''}`
    try { this.#store = this.#identity ? sessionStorage : localStorage; this.#store.getItem(this.#key) } catch { this.#store = undefined }
    let raw: string | null = null
    try { raw = this.#store?.getItem(this.#key) ?? null } catch { /* blocked: memory only */ }
    const { state, saved } = core.load(raw)
    Object.assign(this.state, state)
    this.#saved = saved
  }

  #save(): void {
    try {
      let old: Partial<core.Saved> = {}
      try { old = JSON.parse(this.#store?.getItem(this.#key) || '{}') } catch { /* damaged */ }
      const now = core.save(this.state, old, this.#done)
      if (this.#saved.lang) now.lang = this.#saved.lang
      now.sound = this.#saved.sound
      this.#store?.setItem(this.#key, JSON.stringify(now))
    } catch { /* full or blocked: memory only */ }
  }

  /** forget begins as a new visitor, with what is unsent. */
  #forget(): void {
    const out = this.state.out
    Object.assign(this.state, core.fresh(), { out })
    this.#wipe()
    this.#save()
  }

  // ---- the line

  async #config(): Promise<void> {
    try {
      const r = await fetch(`${this.base}/c/${encodeURIComponent(this.channel)}/config?lang=${this.#lang}`)
      if (r.ok) this.#dress(await r.json())
    } catch { /* the welcome brings it again */ }
  }

  #dress(l: Look): void {
    const was = this.#look.lang
    this.#look = { ...this.#look, ...l }
    if (/^#[0-9a-f]{6}$/i.test(l.color)) {
      this.#host.style.setProperty('--c', l.color)
      this.#host.style.setProperty('--ink', core.ink(l.color))
    }
    this.#el.wrap.classList.toggle('left', l.position === 'left')
    if (l.lang !== was && !this.#saved.lang) this.setLang()
    this.#labels()
    this.#paint()
  }

  #welcome(f: Frame): void {
    this.state.token = f.token
    this.#limits = f.limits
    this.#dress(f.channel)
    const was = this.state.conv
    if (core.welcome(this.state, f.view)) void this.#older(true)
    if (was !== this.state.conv) this.#stars = { n: 0, tags: new Set(), open: true }
    if (this.state.cutAt) this.#sock.request({ t: 'new' }).catch(() => {})
    this.#marked = ''
    this.#save()
    this.#paint()
    this.#pump()
  }

  #push(f: Frame): void {
    if (f.t === 'place') Object.assign(this.state, { place: f.place, waitS: f.wait_s })
    else if (f.t === 'typing') {
      this.#typing = { name: f.name || this.state.agent, until: f.on ? Date.now() + 6000 : 0 }
      if (f.on) setTimeout(() => this.#paint(), 6100)
    } else if (f.t === 'event') {
      const was = this.state.conv
      core.event(this.state, f as core.Push & Frame)
      if (was !== this.state.conv) this.#stars = { n: 0, tags: new Set(), open: true }
      const m: Msg | undefined = f.msg
      if (m && m.from !== 'contact') {
        this.#typing.until = 0
        if (m.from !== 'system' && this.#saved.sound && !(this.#shown && this.#seen())) this.#beep()
      } else if (m?.cid) { this.#done.add(m.cid); this.state.cutAt = 0 }
      this.#save()
    }
    this.#paint()
  }

  /** pump sends what waits, one after another, so that the order stays. */
  async #pump(): Promise<void> {
    if (this.#busy) return
    this.#busy = true
    for (let o: Out | undefined; this.#sock.line === 'on' && (o = core.next(this.state));) {
      const { cid } = o
      const f: Frame = { t: 'send', cid, text: o.text }
      if (o.files?.length) f.files = o.files.map(x => x.url)
      if (o.choice) f.choice = o.choice
      try {
        const a = await this.#sock.request(f)
        this.#done.add(cid)
        this.state.cutAt = 0
        core.stored(this.state, a as never)
      } catch (e) {
        const { code, retry_ms } = e as Frame
        if (code === 'gone') break
        if (code === 'rate' || code === 'unavailable' || code === 'internal') {
          await new Promise(r => setTimeout(r, retry_ms || 2000))
          continue
        }
        this.#fail(cid, code)
      }
      this.#save()
      this.#paint()
    }
    this.#busy = false
    this.#upload()
  }

  #fail(cid: string, code: string): void {
    const o = this.state.out.find(o => o.cid === cid)
    if (o) o.failed = code || 'failed'
    this.#save()
    this.#paint()
  }

  #cid(): string {
    const b = crypto.getRandomValues(new Uint8Array(12))
    return [...b].map(x => x.toString(16).padStart(2, '0')).join('')
  }

  #send(text: string, choice?: string): void {
    this.state.out.push({ cid: this.#cid(), text, at: Date.now(), choice })
    this.#sock.start()
    this.#save()
    this.#paint()
    this.#bottom()
    void this.#pump()
  }

  // ---- files

  #addFiles(list: Iterable<File>): void {
    const files = [...list].slice(0, this.#limits.files)
    for (const file of files) {
      const o: Out = { cid: this.#cid(), text: '', at: Date.now(), progress: 0 }
      if (file.size > this.#limits.file) o.failed = 'too_large'
      this.#blobs.set(o.cid, { files: [file], url: file.type.startsWith('image/') ? [URL.createObjectURL(file)] : [] })
      this.state.out.push(o)
    }
    if (!files.length) return
    this.#sock.start()
    this.#paint()
    this.#bottom()
    this.#upload()
  }

  #uploading = false

  /** upload sends files up, one after another; each becomes a message when it is there. */
  #upload(): void {
    const o = this.state.out.find(o => o.progress !== undefined && !o.failed)
    const file = o && this.#blobs.get(o.cid)?.files[0]
    if (!o || !file || this.#uploading || this.#sock.line !== 'on') return
    this.#uploading = true
    const x = new XMLHttpRequest()
    const form = new FormData()
    form.append('file', file, file.name || 'image.png')
    x.open('POST', `${this.base}/c/${encodeURIComponent(this.channel)}/files`)
    x.setRequestHeader('X-Visitor', this.state.token)
    x.upload.onprogress = e => { o.progress = Math.round(99 * e.loaded / e.total); this.#paint() }
    x.onloadend = () => {
      this.#uploading = false
      let a: Frame = {}
      try { a = JSON.parse(x.responseText) } catch { /* not ours: a proxy's page, or no line */ }
      if (x.status === 200 && a.url) {
        o.files = [a as unknown as FileRef]
        delete o.progress
      } else if (x.status && x.status !== 429 && x.status !== 503) o.failed = a.code || 'failed'
      else return void setTimeout(() => this.#upload(), 3000)
      this.#save()
      this.#paint()
      void this.#pump()
      this.#upload()
    }
    x.send(form)
  }

  async #older(hole = false): Promise<void> {
    const first = hole ? this.state.msgs.find(m => m.conv === this.state.conv) : this.state.msgs[0]
    try {
      const f = await this.#sock.request({ t: 'history', conv: first?.conv ?? this.state.conv, before: first?.seq ?? 0 })
      const log = this.#el.log
      const from = log.scrollHeight - log.scrollTop
      this.state.msgs = core.merge(this.state.msgs, f.messages)
      if (!hole) this.state.more = f.more
      this.#paintNow()
      if (!hole) log.scrollTop = log.scrollHeight - from
    } catch { /* the button stays */ }
  }

  // ---- small things

  #seen(): boolean { return !document.hidden && document.hasFocus() }

  #beep(): void {
    try {
      const a = new AudioContext()
      const o = a.createOscillator()
      const g = a.createGain()
      g.gain.value = 0.06
      o.connect(g).connect(a.destination)
      o.start()
      o.stop(0.2)
      o.onended = () => a.close()
    } catch { /* no sound here */ }
  }

  #theme(): void {
    const dark = matchMedia('(prefers-color-scheme: dark)')
    const set = () => {
      const want = this.opts.theme || document.documentElement.dataset.theme
      this.#host.dataset.theme = want === 'dark' || want === 'light' ? want : dark.matches ? 'dark' : 'light'
    }
    dark.addEventListener('change', set)
    new MutationObserver(set).observe(document.documentElement, { attributeFilter: ['data-theme'] })
    set()
  }

  #typed(): void {
    const text = this.#el.input.value
    const now = Date.now()
    clearTimeout(this.#typeEnd)
    const on = text.trim() !== ''
    if (on && now - this.#typedAt >= typeEvery || !on && this.#typedAt) {
      this.#typedAt = on ? now : 0
      this.#sock.tell({ t: 'typing', on, text })
    }
    if (on) this.#typeEnd = window.setTimeout(() => { this.#typedAt = 0; this.#sock.tell({ t: 'typing', on: false }) }, 4000)
    this.#grow()
  }

  #grow(): void {
    const i = this.#el.input
    i.style.height = '38px'
    if (i.value) i.style.height = Math.min(124, i.scrollHeight) + 'px'
    this.#el.go.disabled = !i.value.trim()
  }

  #submit(): void {
    const text = this.#el.input.value.trim()
    if (!text) return
    clearTimeout(this.#typeEnd)
    this.#typedAt = 0
    this.#el.input.value = ''
    this.#grow()
    this.#send(text)
    this.#el.input.focus()
  }

  #bottom(): void {
    this.#paintNow()
    this.#el.log.scrollTop = this.#el.log.scrollHeight
  }

  #low(): boolean {
    const l = this.#el.log
    return l.scrollHeight - l.scrollTop - l.clientHeight < 60
  }

  // ---- what is shown

  private build() {
    const input = h('textarea', { test: 'input', rows: 1, maxlength: 4000, enterkeyhint: 'send', input: () => this.#typed(),
      keydown: (e: KeyboardEvent) => {
        // 229: Safari reports the Enter that ends a composition after compositionend.
        if (e.key !== 'Enter' || e.shiftKey || e.isComposing || e.keyCode === 229) return
        e.preventDefault()
        this.#submit()
      },
      paste: (e: ClipboardEvent) => {
        const files = e.clipboardData?.files
        if (files?.length) { e.preventDefault(); this.#addFiles(files) }
      } })
    const file = h('input', { test: 'attach', type: 'file', multiple: true, change: () => { this.#addFiles(file.files!); file.value = '' } })
    const clip = h('label', { class: 'ic clip' }, icon(icons.clip), file)
    const picker = h('div', { class: 'picker', role: 'group', hidden: true }, ...emojis.map(e => h('button', { 'aria-label': e, click: () => {
      input.setRangeText(e, input.selectionStart, input.selectionEnd, 'end')
      picker.hidden = true
      this.#typed()
      input.focus()
    } }, e)))
    const smile = h('button', { class: 'ic', test: 'emoji', 'aria-expanded': 'false', click: () => {
      picker.hidden = !picker.hidden
      smile.setAttribute('aria-expanded', String(!picker.hidden))
      if (!picker.hidden) (picker.firstChild as HTMLElement).focus()
    } }, icon(icons.smile))
    const go = h('button', { class: 'ic go', test: 'send', disabled: true, click: () => this.#submit() }, icon(icons.send))
    const human = h('button', { class: 'opt', test: 'human', click: () => this.#send(t(this.#lang, 'human'), 'human') }, icon(icons.person), h('span'))
    const end = h('button', { class: 'opt', test: 'end', click: () => this.#end() })
    const anew = h('button', { class: 'opt', test: 'new', click: () => this.#anew() })
    const title = h('b')
    const sub = h('span', { role: 'status' })
    const lang = h('select', { test: 'lang', change: () => this.setLang(lang.value) }, ...langs.map(([v, n]) => h('option', { value: v }, n)))
    const bell = h('button', { class: 'ic', test: 'sound', click: () => {
      this.#saved.sound = !this.#saved.sound
      if (this.#saved.sound) this.#beep()
      this.#save()
      this.#paint()
    } }, icon(icons.bell))
    const close = h('button', { class: 'ic', test: 'close', click: () => this.close() }, icon(icons.close))
    const status = h('div', { class: 'note warn', role: 'status', test: 'status', hidden: true, click: () => { if (this.#sock.line === 'replaced') this.#sock.again() } })
    const place = h('div', { class: 'note place', role: 'status', test: 'place', hidden: true }, h('span'))
    const log = h('div', { class: 'log', role: 'log', 'aria-live': 'polite', tabindex: 0, test: 'messages', scroll: () => { if (this.#low()) jump.hidden = true } })
    const jump = h('button', { class: 'jump', hidden: true, click: () => this.#bottom() }, '↓')
    const typing = h('div', { class: 'typing', test: 'typing', hidden: true }, h('span'), h('i', {}, '•••'))
    const acts = h('div', { class: 'acts' }, human, anew, end)
    const panel = h('section', { class: 'panel', role: 'dialog', test: 'panel', hidden: true,
      keydown: (e: KeyboardEvent) => {
        e.stopPropagation() // the page's shortcuts are not meant
        if (e.key !== 'Escape' || e.isComposing) return
        if (!picker.hidden) { picker.hidden = true; smile.focus() } else this.close()
      },
      dragover: (e: DragEvent) => e.preventDefault(),
      drop: (e: DragEvent) => { e.preventDefault(); this.#addFiles(e.dataTransfer?.files ?? []) },
    },
    h('header', {}, h('div', { class: 'who' }, title, sub), lang, bell, close),
    status, place, h('div', { class: 'body' }, log, jump), typing, acts, h('div', { class: 'comp' }, picker, clip, smile, input, go))
    const count = h('span', { class: 'count', test: 'unread', hidden: true })
    const word = h('span')
    const launch = h('button', { class: 'launch', test: 'launcher', 'aria-expanded': 'false', click: () => this.toggle() }, icon(icons.chat), word, count)
    return { wrap: h('div', {}, launch, panel), panel, launch, count, word, title, sub, lang, bell, close, status, place, log, jump, typing, acts, human, end, anew, input, file, clip, smile, go, picker }
  }

  /** labels writes the texts that change only with the language. */
  #labels(): void {
    const e = this.#el
    const say = (k: Key) => t(this.#lang, k)
    e.title.textContent = this.#look.title || say('title')
    for (const [el, k] of [[e.panel, 'title'], [e.log, 'messages'], [e.jump, 'messages'], [e.lang, 'lang'], [e.bell, 'sound'], [e.close, 'close'], [e.smile, 'emoji'],
      [e.picker, 'emoji'], [e.go, 'send'], [e.file, 'attach'], [e.input, 'input']] as [HTMLElement, Key][]) {
      el.setAttribute('aria-label', say(k))
      if (el.matches('.ic,input')) el.title = say(k)
    }
    this.#host.lang = this.#lang
    e.lang.value = this.#lang
    e.input.placeholder = say('input')
    e.word.textContent = this.#look.launcher
    e.human.lastChild!.textContent = say('human')
    e.anew.textContent = say('again')
  }

  /** paint draws once for all changes of this turn. */
  #paint(): void {
    if (this.#queued) return
    this.#queued = true
    queueMicrotask(() => this.#paintNow())
  }

  #paintNow(): void {
    this.#queued = false
    const s = this.state
    const e = this.#el
    const lang = this.#lang
    const say = (k: Key, ...a: (string | number)[]) => t(lang, k, ...a)
    e.panel.hidden = !this.#shown
    e.launch.hidden = this.#shown
    e.launch.setAttribute('aria-expanded', String(this.#shown))

    const last = s.msgs[s.msgs.length - 1]
    if (this.#shown && this.#seen() && last && s.saw !== last.id) {
      s.saw = last.id
      this.#save()
    }
    this.#mark()
    const n = core.unread(s)
    e.count.hidden = !n
    e.count.textContent = n > 99 ? '99+' : String(n)
    e.launch.setAttribute('aria-label', e.title.textContent + (n ? ` (${n})` : ''))
    if (n !== this.#counted) { this.#counted = n; this.#call('unread', n) }
    if (!this.#shown) return

    const line = this.#sock.line
    const key = line === 'denied' || line === 'replaced' ? line : !navigator.onLine ? 'offline' : line === 'joining' ? 'joining' : ''
    e.status.hidden = !key
    if (key) e.status.textContent = say(key)
    const live = s.status === 'bot' || s.status === 'waiting' || s.status === 'agent'
    e.sub.textContent = s.cutAt ? this.#hours() : s.status === 'agent' ? say('asAgent', s.agent || s.msgs.filter(m => m.from === 'agent').pop()?.name || '') : s.status === 'waiting' ? say('asWait')
      : s.status === 'ended' ? say('asEnd') : this.#hours()
    e.place.hidden = s.status !== 'waiting' || !!s.cutAt
    e.place.firstChild!.textContent = s.place ? say('place', s.place) + (s.waitS ? say('wait', Math.ceil(s.waitS / 60)) : '') : say('waits')
    e.typing.hidden = this.#typing.until < Date.now()
    e.typing.firstChild!.textContent = say('typing', this.#typing.name)
    e.human.hidden = (s.status === 'agent' || s.status === 'waiting') && !s.cutAt
    e.end.hidden = !live || !!s.cutAt
    e.end.textContent = say(Date.now() - this.#endAsked < 4000 ? 'sure' : 'end')
    e.anew.hidden = s.status !== 'ended' || !!s.cutAt
    e.bell.setAttribute('aria-pressed', String(!!this.#saved.sound))
    e.file.disabled = e.input.disabled = line === 'denied'
    this.#rows()
  }

  #hours(): string {
    const { open, next, bot } = this.#look
    if (bot && this.state.status === 'bot' || open && bot) return t(this.#lang, 'bot')
    if (open) return ''
    if (!next) return t(this.#lang, 'shut')
    return t(this.#lang, 'back', new Date(next).toLocaleString(this.#lang, { weekday: 'short', hour: '2-digit', minute: '2-digit' }))
  }

  /** mark tells the server what has arrived and what has been read. */
  #mark(): void {
    const seq = core.lastSeq(this.state)
    const type = this.#shown && this.#seen() ? 'read' : 'got'
    const now = `${type}:${this.state.conv}:${seq}`
    if (!seq || now === this.#marked || this.#sock.line !== 'on' || type === 'got' && this.#marked === now.replace('got', 'read')) return
    this.#marked = now
    this.#sock.tell({ t: type, seq })
  }

  /** rows puts the log in order, touching only what changed. */
  #rows(): void {
    const s = this.state
    const lang = this.#lang
    const low = this.#low()
    const want: [string, string, () => HTMLElement][] = []
    if (s.more) want.push(['more', lang, () => h('button', { class: 'opt mid', click: () => this.#older() }, t(lang, 'older'))])
    if (!s.msgs.length || s.cutAt === -1) want.push(this.#hello('hi'))
    let day = ''
    let at = 0
    let who = ''
    s.msgs.forEach((m, i) => {
      const d = new Date(m.at).toDateString()
      if (d !== day || m.at - at > timeGap) {
        want.push([`t${m.conv}:${m.seq}`, d === day ? 'time' : 'day', () => h('div', { class: 'mark' }, this.#when(m.at))])
        who = ''
      }
      if (i && s.msgs[i - 1]!.conv !== m.conv) want.push([`c${m.conv}`, '', () => h('div', { class: 'mark cut' }, t(lang, 'again'))])
      day = d
      at = m.at
      const named = m.from !== 'contact' && m.from + m.name !== who
      who = m.from + m.name
      const lastOfMine = m.from === 'contact' && s.msgs[i + 1]?.from !== 'contact'
      const state = m.from === 'contact' ? core.tick(s, m) : ''
      const live = !!m.extra?.options && core.pressable(s, m)
      want.push([m.from === 'contact' && m.cid ? m.cid : `${m.conv}:${m.seq}`, [m.id, named, lastOfMine, state, live, this.#sock.line === 'denied'].join(), () => this.#row(m, named, lastOfMine, state, live)])
      if (s.cutAt === m.id) want.push(['cut', '', () => h('div', { class: 'mark cut' }, t(lang, 'again'))], this.#hello('hi2'))
    })
    if (this.#asks()) want.push(['rate' + s.conv, [this.#stars.n, [...this.#stars.tags].join(), this.#stars.open, s.stars].join('/'), () => this.#rating()])
    for (const o of s.out) want.push([o.cid, ['out', o.failed, o.progress, o.files?.length].join(), () => this.#pending(o)])

    const keys = new Set(want.map(w => w[0]))
    for (const [k, n] of this.#nodes) if (!keys.has(k)) { n.el.remove(); this.#nodes.delete(k) }
    let at2: ChildNode | null = this.#el.log.firstChild
    let grown = false
    for (const [k, sig, make] of want) {
      let n = this.#nodes.get(k)
      if (!n || n.sig !== sig) {
        const el = make()
        if (n) { const focus = n.el.contains(this.#root.activeElement); if (at2 === n.el) at2 = el; n.el.replaceWith(el); if (focus) this.#refocus(el) }
        else grown = true
        this.#nodes.set(k, n = { sig, el })
      }
      if (n.el === at2) at2 = at2.nextSibling
      else this.#el.log.insertBefore(n.el, at2)
    }
    if (low) this.#el.log.scrollTop = this.#el.log.scrollHeight
    else if (grown && this.#el.log.lastElementChild?.matches('.m:not(.me)')) this.#el.jump.hidden = false
  }

  /** refocus keeps the keyboard where it was when a row is drawn anew. */
  #refocus(el: HTMLElement): void {
    (el.querySelector<HTMLElement>('button:enabled,textarea') ?? this.#el.input).focus()
  }

  /** hello is the greeting with the menu. */
  #hello(key: string): [string, string, () => HTMLElement] {
    const { greeting, menu } = this.#look
    return [key, greeting + menu.length + this.#lang, () => h('div', { class: 'm' }, h('div', { class: 'b' }, prose(greeting || t(this.#lang, 'hi'))),
      menu.length ? h('div', { class: 'opts list', test: 'menu' }, ...menu.map(o => this.#option(o, true))) : null)]
  }

  #option(o: Option, live: boolean): HTMLElement {
    const test = /^(un)?solved:/.exec(o.value)
    return h('button', { class: 'opt', test: test ? (test[1] ? 'unsolved' : 'solved') : 'option', 'data-value': o.value, disabled: !live,
      click: () => this.#send(o.text, o.value) }, o.text)
  }

  #wipe(): void {
    this.#nodes.clear()
    this.#el.log.replaceChildren()
  }

  #when(at: number): string {
    const d = new Date(at)
    const days = Math.round((new Date().setHours(0, 0, 0, 0) - new Date(at).setHours(0, 0, 0, 0)) / 864e5)
    return (days < 2 ? new Intl.RelativeTimeFormat(this.#lang, { numeric: 'auto' }).format(-days, 'day') : d.toLocaleDateString(this.#lang, { month: 'short', day: 'numeric' })) +
      ' ' + d.toLocaleTimeString(this.#lang, { hour: '2-digit', minute: '2-digit', hour12: false })
  }

  #row(m: Msg, named: boolean, last: boolean, state: string, live: boolean): HTMLElement {
    const attrs = { test: 'message', 'data-from': m.from, 'data-seq': m.seq, 'data-state': state || undefined }
    if (m.from === 'system' && !m.extra?.options) return h('div', { class: 'sys', ...attrs }, prose(m.text ?? ''))
    const me = m.from === 'contact'
    const name = m.name || (m.from === 'bot' ? t(this.#lang, 'bot') : '')
    const opts = m.extra?.options ?? []
    return h('div', { class: me ? 'm me' : 'm', title: this.#when(m.at), ...attrs },
      named && name ? h('div', { class: 'name' }, name) : null,
      m.text ? h('div', { class: 'b' }, prose(m.text)) : null,
      ...(m.files ?? []).map(f => this.#file(f)),
      opts.length ? h('div', { class: m.kind === 'candidates' ? 'opts list' : 'opts' }, ...opts.map(o => this.#option(o, live))) : null,
      me && (last || state === 'sent') ? h('div', { class: 'st ' + state }, t(this.#lang, state as Key)) : null)
  }

  #file(f: FileRef): HTMLElement {
    const href = f.url.startsWith('/f/') ? this.base + f.url : '#'
    if (f.type.startsWith('image/')) return this.#picture(href, f.name)
    return h('a', { class: 'f', href, target: '_blank', rel: 'noopener', download: f.name }, icon(icons.file), h('div', {}, h('span', {}, f.name), h('small', {}, core.size(f.size))))
  }

  #picture(src: string, name: string): HTMLElement {
    const b = h('button', { class: 'img', 'aria-label': name, click: () => this.#lightbox(src, name) },
      h('img', { src, alt: name, load: () => { if (this.#low() || b.parentElement === this.#el.log.lastElementChild) this.#el.log.scrollTop = this.#el.log.scrollHeight } }))
    return b
  }

  /** lightbox shows a picture alone; the browser's dialog brings Esc and the focus back. */
  #lightbox(src: string, name: string): void {
    const box = h('dialog', { class: 'box', 'aria-label': name, click: () => box.close(), close: () => box.remove(), keydown: (e: Event) => e.stopPropagation() },
      h('img', { src, alt: name }), h('button', { class: 'ic', 'aria-label': t(this.#lang, 'close') }, icon(icons.close)))
    this.#el.panel.append(box)
    box.showModal()
  }

  #pending(o: Out): HTMLElement {
    const b = this.#blobs.get(o.cid)
    const f = b?.files[0]
    const state = o.failed ? 'failed' : 'sending'
    const why = o.failed && known(o.failed) ? t(this.#lang, o.failed, core.size(this.#limits.file)) : t(this.#lang, 'failed')
    const again = () => { delete o.failed; this.#save(); this.#sock.start(); this.#paint(); void this.#pump(); this.#upload() }
    const drop = () => { this.state.out = this.state.out.filter(x => x !== o); this.#done.add(o.cid); this.#save(); this.#paint() }
    return h('div', { class: 'm me', test: 'message', 'data-from': 'contact', 'data-state': state },
      o.text ? h('div', { class: 'b' }, prose(o.text)) : null,
      b?.url[0] ? this.#picture(b.url[0], f!.name) : f ? h('div', { class: 'f' }, icon(icons.file), h('div', {}, h('span', {}, f.name), h('small', {}, core.size(f.size)))) : null,
      ...(b ? [] : o.files ?? []).map(f => this.#file(f)),
      o.progress !== undefined && !o.failed ? h('div', { class: 'bar', role: 'progressbar', 'aria-valuenow': o.progress }, h('i', { style: `width:${o.progress}%` })) : null,
      h('div', { class: 'st ' + state }, o.failed ? why : t(this.#lang, 'sending'),
        o.failed && h('button', { test: 'retry', click: again }, t(this.#lang, 'retry')),
        o.failed && h('button', { click: drop }, t(this.#lang, 'drop'))))
  }

  // ---- the end of a conversation

  #end(): void {
    if (Date.now() - this.#endAsked > 4000) {
      this.#endAsked = Date.now()
      setTimeout(() => this.#paint(), 4100)
    } else {
      this.#endAsked = 0
      this.#sock.request({ t: 'end' }).catch(() => {})
    }
    this.#paint()
  }

  #anew(): void {
    this.state.cutAt = this.state.msgs[this.state.msgs.length - 1]?.id ?? 0
    this.#sock.request({ t: 'new' }).catch(() => {})
    this.#bottom()
    this.#el.input.focus()
  }

  /** asks reports whether stars are asked for: after the end, or when the other side asks. */
  #asks(): boolean {
    const s = this.state
    if (!s.conv || s.cutAt) return false
    return s.status === 'ended' || s.msgs.some(m => m.conv === s.conv && m.kind === 'rate')
  }

  #rating(): HTMLElement {
    const lang = this.#lang
    const r = this.#stars
    const given = this.state.stars
    if (given && r.open && !r.n) r.open = false
    const star = (n: number) => h('button', { class: n <= (r.n || given) ? 'on' : '', test: 'star-' + n, 'aria-label': t(lang, 'stars', n),
      'aria-pressed': String(n === (r.n || given)), click: () => { r.n = n; r.open = true; this.#paint(); if (this.#low()) this.#bottom() } }, '★')
    const tags = this.#look.tags.length ? this.#look.tags : t(lang, 'tags').split('|')
    const open = r.open && r.n > 0
    const comment = h('textarea', { rows: 2, maxlength: 500, placeholder: t(lang, 'comment'), 'aria-label': t(lang, 'comment'), input: () => { this.#comment = comment.value } })
    comment.value = this.#comment
    return h('div', { class: 'rate', role: 'group', test: 'rate', 'aria-label': t(lang, 'rate') },
      h('b', {}, t(lang, given && !open ? 'thanks' : 'rate')),
      h('div', { class: 'stars' }, ...[1, 2, 3, 4, 5].map(star)),
      open && h('div', { class: 'opts' }, ...tags.map(x => h('button', { class: 'opt', 'aria-pressed': String(r.tags.has(x)),
        click: () => { if (!r.tags.delete(x)) r.tags.add(x); this.#paint() } }, x))),
      open && comment,
      open && h('button', { class: 'main', test: 'rate-send', click: () => {
        this.#sock.request({ t: 'rate', stars: r.n, tags: [...r.tags], comment: this.#comment }).then(() => {
          this.state.stars = r.n
          this.#stars = { n: 0, tags: new Set(), open: false }
          this.#paint()
        }, () => this.#paint())
      } }, t(lang, 'send')))
  }

  #comment = ''
}

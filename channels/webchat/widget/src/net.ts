import { resume, retry, type State, type View } from './core'

/** How long a lost line may go unnoticed: a ping every 25 s, answered within 10 s. */
const pingEvery = 25_000
const pongWait = 10_000
/** How long a request may stay without an answer before the socket is given up. */
const answerWait = 15_000

export type Line = 'off' | 'joining' | 'on' | 'denied' | 'replaced'
export type Frame = Record<string, any>

export interface Hooks {
  hello(): Frame
  welcome(f: Frame & { view: View }): void
  push(f: Frame): void
  line(l: Line): void
  forget(): void
  /** The frame that was on its way when the server refused it. */
  blame(cid: string): void
}

/** Socket keeps one connection alive for as long as it is wanted. */
export class Socket {
  line: Line = 'off'
  #ws?: WebSocket
  #id = 0
  #fails = 0
  #retryMs = 0
  #timer = 0
  #beat = 0
  #waits = new Map<number, { ok(f: Frame): void; no(f: Frame): void; cid?: string; late: number }>()

  constructor(private url: string, private state: State, private on: Hooks) {
    addEventListener('online', () => this.#hurry())
    addEventListener('offline', () => this.#set(this.line === 'on' ? 'joining' : this.line))
    document.addEventListener('visibilitychange', () => { if (!document.hidden) this.#hurry() })
  }

  /** start connects unless it does already. */
  start(): void {
    if (this.#ws || this.#timer) return
    this.#set('joining')
    this.#connect()
  }

  /** again drops the connection and makes a new one at once (another identity, a replaced tab). */
  again(): void {
    this.#drop()
    this.start()
  }

  #hurry(): void {
    if (this.line === 'on') this.#ping()
    else if (this.line === 'joining') this.again()
  }

  #set(l: Line): void {
    this.line = l
    this.on.line(l)
  }

  #connect(): void {
    const ws = this.#ws = new WebSocket(this.url)
    this.#retryMs = 0
    ws.onopen = () => {
      const at = resume(this.state)
      this.request({ t: 'hello', token: this.state.token, ...at, ...this.on.hello() }).then(f => {
        this.#fails = 0
        this.#set('on')
        this.on.welcome(f as Frame & { view: View })
        this.#beat = window.setInterval(() => this.#ping(), pingEvery)
      }, () => { /* the close code says it */ })
    }
    ws.onmessage = e => {
      if (this.#ws !== ws) return
      const f: Frame = JSON.parse(e.data)
      const w = f.re && this.#waits.get(f.re)
      if (f.t === 'moving' || f.t === 'bye') this.#retryMs = f.retry_ms || 0
      else if (w) {
        this.#waits.delete(f.re)
        clearTimeout(w.late)
        if (f.t === 'error') w.no(f)
        else w.ok(f)
      } else this.on.push(f)
    }
    ws.onclose = e => {
      if (this.#ws !== ws) return
      const r = retry(e.code, this.#fails++, this.#retryMs)
      const cids = [...this.#waits.values()].map(w => w.cid)
      this.#drop()
      if (r.forget) this.on.forget()
      if (r.blame) for (const c of cids) if (c) this.on.blame(c)
      if (r.wait < 0) return this.#set(e.code === 4409 ? 'replaced' : e.code === 4403 ? 'denied' : 'off')
      this.#set('joining')
      this.#timer = window.setTimeout(() => { this.#timer = 0; this.#connect() }, r.wait)
    }
  }

  /** drop forgets the present connection; open requests are answered "gone". */
  #drop(): void {
    const ws = this.#ws
    this.#ws = undefined
    clearTimeout(this.#timer)
    clearInterval(this.#beat)
    this.#timer = 0
    if (ws && ws.readyState < 2) ws.close(1000)
    const waits = [...this.#waits.values()]
    this.#waits.clear()
    for (const w of waits) { clearTimeout(w.late); w.no({ code: 'gone' }) }
  }

  #ping(): void {
    if (this.line === 'on' && this.#ws) this.request({ t: 'ping' }, pongWait).catch(() => {})
  }

  /** tell sends a frame that has no answer, if there is a line. */
  tell(f: Frame): void {
    if (this.line === 'on' && this.#ws?.readyState === 1) this.#ws.send(JSON.stringify(f))
  }

  /** request sends a frame and waits for its answer; it fails with {code}. */
  request(f: Frame, wait = answerWait): Promise<Frame> {
    return new Promise((ok, no) => {
      const ws = this.#ws
      if (ws?.readyState !== 1) return no({ code: 'gone' })
      const id = ++this.#id
      const late = window.setTimeout(() => { if (this.#ws === ws) this.again() }, wait)
      this.#waits.set(id, { ok, no, cid: f.cid, late })
      ws.send(JSON.stringify({ ...f, id }))
    })
  }
}

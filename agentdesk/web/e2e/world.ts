import { spawn, type ChildProcess } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32, deflateSync } from 'node:zlib'
import { chromium, type Browser, type BrowserContext, type Locator, type Page } from 'playwright-core'

/** Where screenshots go when ZONGJI_SHOTS is set: people look at them. */
const shots = process.env.ZONGJI_SHOTS

/** How long a screen may take to show what it should, ms: generous for two busy cores, short enough to fail soon. */
export const patience = 15_000

export interface Login { login: string; name: string; role: string; password: string }

/** A demo installation of its own, without scripted agents and without history, and a browser. */
export class World {
  base = ''
  logins: Login[] = []
  browser!: Browser
  private child?: ChildProcess
  private dir = mkdtempSync(join(tmpdir(), 'zje2e'))
  private contexts: BrowserContext[] = []
  log = ''

  async start(...flags: string[]): Promise<void> {
    const port = await freePort()
    this.base = `http://127.0.0.1:${port}`
    const bin = process.env.ZONGJI_BIN ?? join(import.meta.dirname, '../../../bin/zongji')
    this.child = spawn(bin, ['demo', '--listen', `127.0.0.1:${port}`, '--data', this.dir, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] })
    this.child.stdout!.on('data', (b) => { this.log += b })
    this.child.stderr!.on('data', (b) => { this.log += b })
    await until(async () => (await fetch(this.base + '/readyz').catch(() => null))?.status === 200, 60_000, () => 'the demo is not ready:\n' + this.log)
    this.logins = (JSON.parse(readFileSync(join(this.dir, 'demo-logins.json'), 'utf8')) as { logins: Login[] }).logins
    this.browser = await chromium.launch({
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
    })
  }

  async stop(): Promise<void> {
    for (const c of this.contexts) await c.close().catch(() => undefined)
    await this.browser?.close()
    const gone = new Promise((done) => this.child?.once('exit', done))
    this.child?.kill('SIGTERM')
    await Promise.race([gone, new Promise((done) => setTimeout(done, 10_000))])
    this.child?.kill('SIGKILL')
    rmSync(this.dir, { recursive: true, force: true })
  }

  /** Kills the server's process with -9; its parent starts it again. */
  /** Kills the served process; the answer resolves once it was started again and is ready. */
  async kill(): Promise<{ back: Promise<void> }> {
    const starts = async () => ((await (await fetch(this.base + '/api/v1/demo')).json()) as { starts: number }).starts
    const before = await starts()
    const r = await fetch(this.base + '/api/v1/demo/kill', { method: 'POST', headers: { 'X-Zongji-Demo': '1' } }).catch(() => null)
    if (r && !r.ok) throw new Error(`demo/kill answers ${r.status}: ${await r.text()}`)
    const back = until(async () => (await starts().catch(() => 0)) > before && (await fetch(this.base + '/readyz').catch(() => null))?.status === 200, 30_000, () => 'it did not come back')
    return { back }
  }

  /** A picture of 320×200: a stripe for each of some colours. */
  picture(): Buffer { return png(320, 200, [0x3b82f6, 0xe2e8f0, 0xf59e0b, 0x10b981]) }

  login(name: string): Login {
    const l = this.logins.find((x) => x.login === name)
    if (!l) throw new Error(`no login ${name}; there are ${this.logins.map((x) => x.login).join(', ')}`)
    return l
  }

  /** The first so many agents of one role. */
  ofRole(role: string): Login[] { return this.logins.filter((l) => l.role === role) }

  async page(opt: { width?: number; height?: number; dark?: boolean; locale?: string } = {}): Promise<Page> {
    const context = await this.browser.newContext({
      viewport: { width: opt.width ?? 1440, height: opt.height ?? 900 },
      colorScheme: opt.dark ? 'dark' : 'light',
      locale: opt.locale ?? 'zh-CN',
    })
    context.setDefaultTimeout(patience)
    this.contexts.push(context)
    const page = await context.newPage()
    page.on('pageerror', (e) => { this.log += `\npage error: ${e.stack}` })
    return page
  }

  /** A desk, logged in through its login page and ready. */
  async desk(l: Login, opt: { width?: number; height?: number; dark?: boolean } = {}): Promise<Page> {
    const page = await this.page(opt)
    await page.goto(this.base + '/login')
    await id(page, 'login-name').fill(l.login)
    await id(page, 'login-password').fill(l.password)
    await id(page, 'login-submit').click()
    await id(page, 'desk').waitFor()
    await ready(page)
    return page
  }

  /** A customer on the sample shop, with the widget open. */
  async customer(opt: { width?: number; height?: number; dark?: boolean; locale?: string } = {}): Promise<Page> {
    const page = await this.page({ width: 390, height: 844, ...opt })
    await page.goto(this.base + '/demo/shop.html')
    await id(page, 'zj-launcher').click()
    await id(page, 'zj-input').waitFor()
    return page
  }
}

/** A test id; Playwright's CSS sees into open shadow roots. */
export const id = (on: Page | Locator, name: string): Locator => on.locator(`[data-testid="${name}"]`)

export async function ready(page: Page): Promise<void> {
  await id(page, 'desk-state').first().click()
  await id(page, 'state-ready').first().click()
}

export async function say(page: Page, text: string): Promise<void> {
  await id(page, 'zj-input').fill(text)
  await id(page, 'zj-input').press('Enter')
}

/** Messages that the customer sees, of one party. */
export const heard = (page: Page, from: string): Locator => page.locator(`[data-testid="zj-message"][data-from="${from}"]`)

export async function reply(page: Page, text: string): Promise<void> {
  await id(page, 'composer-input').fill(text)
  await id(page, 'composer-send').click()
}

/** Messages on the desk's timeline, of one party. */
export const told = (page: Page, from: string): Locator => page.locator(`[data-testid="msg"][data-from="${from}"]`)

export const focused = (on: Locator): Promise<void> => until(() => on.evaluate((e) => e === e.ownerDocument.activeElement), patience, () => `${on} has no focus`)

/** Begins a composition as an input method does; commit ends it with what was chosen. */
export async function compose(page: Page, text: string): Promise<{ commit: (chosen: string) => Promise<void> }> {
  const ime = await page.context().newCDPSession(page)
  await ime.send('Input.imeSetComposition', { text, selectionStart: text.length, selectionEnd: text.length })
  return { commit: async (chosen) => { await ime.send('Input.insertText', { text: chosen }) } }
}

export async function shot(page: Page, name: string): Promise<void> {
  if (!shots) return
  mkdirSync(shots, { recursive: true })
  await page.screenshot({ path: join(shots, `${name}.png`) })
}

export async function until(fn: () => Promise<boolean>, ms: number, why: () => string): Promise<void> {
  for (const end = Date.now() + ms; ;) {
    if (await fn()) return
    if (Date.now() > end) throw new Error(why())
    await new Promise((done) => setTimeout(done, 50))
  }
}

/** The smallest PNG writer: RGB, no filter. */
function png(width: number, height: number, colours: number[]): Buffer {
  const line = Buffer.alloc(1 + width * 3)
  for (let x = 0; x < width; x++) line.writeUIntBE(colours[Math.floor(x * colours.length / width)]!, 1 + x * 3, 3)
  const chunk = (name: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(name), data])
    const out = Buffer.alloc(body.length + 8)
    out.writeUInt32BE(data.length, 0)
    body.copy(out, 4)
    out.writeUInt32BE(crc32(body), body.length + 4)
    return out
  }
  const head = Buffer.alloc(13)
  head.writeUInt32BE(width, 0)
  head.writeUInt32BE(height, 4)
  head.set([8, 2, 0, 0, 0], 8)
  const pixels = deflateSync(Buffer.concat(Array.from({ length: height }, () => line)))
  return Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), chunk('IHDR', head), chunk('IDAT', pixels), chunk('IEND', Buffer.alloc(0))])
}

function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const s = createServer().once('error', fail)
    s.listen(0, '127.0.0.1', () => {
      const a = s.address()
      s.close(() => (typeof a === 'object' && a ? done(a.port) : fail(new Error('no port'))))
    })
  })
}

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Page } from 'playwright-core'
import { World, compose, focused, heard, id, ready, reply, say, shot, told, until } from './world'

// A service from the login to the wrap-up without a mouse, with an input method, over a reload and over a killed server.
describe('a day at the keyboard', () => {
  const w = new World()
  let desk: Page
  let customer: Page
  beforeAll(() => w.start('--scripted=false', '--history=false'))
  afterAll(() => w.stop())

  it('logs in and gets ready', async () => {
    const l = w.ofRole('agent')[0]!
    desk = await w.page()
    await desk.goto(w.base + '/login')
    await id(desk, 'login-name').waitFor()
    await desk.keyboard.type(l.login)
    await desk.keyboard.press('Tab')
    await desk.keyboard.type(l.password)
    await desk.keyboard.press('Enter')
    await id(desk, 'desk').waitFor()
    await id(desk, 'desk-state').focus()
    await desk.keyboard.press('Enter')
    await focused(id(desk, 'state-ready'))
    await desk.keyboard.press('Enter')
    await desk.locator('[data-testid="desk-state"][data-state="ready"]').waitFor()
  })

  it('Esc asks for the reason of a refusal, Esc again goes back, Enter accepts', async () => {
    customer = await w.customer()
    await say(customer, '转人工')
    await id(desk, 'offer').waitFor()
    await desk.keyboard.press('Escape')
    await id(desk, 'offer-reasons').waitFor()
    await shot(desk, 'offer-reasons')
    await desk.keyboard.press('Escape')
    await id(desk, 'offer-accept').waitFor()
    await desk.keyboard.press('Enter')
    await id(desk, 'composer-input').waitFor()
  })

  it('the composer has the focus, Enter sends', async () => {
    await focused(id(desk, 'composer-input'))
    await desk.keyboard.type('Hello')
    await desk.keyboard.press('Enter')
    await heard(customer, 'agent').filter({ hasText: 'Hello' }).waitFor()
  })

  it.each(['the desk', 'the widget'])('Enter inside a composition never sends: %s', async (where) => {
    const [page, box, mine] = where === 'the desk' ? [desk, 'composer-input', told(desk, 'agent')] : [customer, 'zj-input', heard(customer, 'contact')] as const
    await id(page, box).focus()
    const before = await mine.count()
    const ime = await compose(page, 'ni hao')
    await page.keyboard.press('Enter')
    await page.waitForTimeout(300)
    expect(await mine.count(), 'messages after Enter in the composition').toBe(before)
    await ime.commit('你好')
    expect(await id(page, box).inputValue()).toContain('你好')
    await page.keyboard.press('Enter')
    await until(async () => (await mine.count()) === before + 1, 10_000, () => 'Enter after the composition does not send')
  })

  it('a picture alone has words in the list', async () => {
    await id(customer, 'zj-attach').setInputFiles({ name: 'a.png', mimeType: 'image/png', buffer: w.picture() })
    await id(desk, 'conv-item').filter({ hasText: '[图片]' }).waitFor()
  })

  it('what is unread is counted, and no longer once it is seen', async () => {
    const other = await w.customer()
    await say(other, '转人工')
    await id(desk, 'offer').waitFor()
    await desk.keyboard.press('Enter')
    await until(async () => (await id(desk, 'conv-item').count()) === 2, 10_000, () => 'there are not two conversations')
    await until(async () => (await desk.locator('[data-testid="conv-item"]:not([data-unread="0"])').count()) === 0, 5000, () => 'the new conversation is open, yet unread')
    await say(customer, '还在吗')
    await desk.locator('[data-testid="conv-item"][data-unread="1"]').waitFor()
    await desk.keyboard.press('Alt+KeyN')
    await told(desk, 'contact').filter({ hasText: '还在吗' }).waitFor()
    await until(async () => (await desk.locator('[data-testid="conv-item"]:not([data-unread="0"])').count()) === 0, 5000, () => 'the count stays')
    await heard(customer, 'contact').filter({ hasText: '还在吗' }).and(customer.locator('[data-state="read"]')).waitFor()
  })

  it('a draft survives the reload', async () => {
    await id(desk, 'composer-input').focus()
    await desk.keyboard.type('half a sentence')
    await desk.reload()
    await id(desk, 'composer-input').waitFor()
    await until(async () => (await id(desk, 'composer-input').inputValue()) === 'half a sentence', 5000, () => 'the draft is gone')
    await id(desk, 'composer-input').fill('')
  })

  it('what is written while the server is killed arrives once, on both sides', async () => {
    const { back } = await w.kill()
    const lines = ['一', '二', '三', '四', '五', '六'] // some before, some while it is away, some after
    for (const n of lines) {
      await reply(desk, `断线时的回复${n}`)
      await say(customer, `断线时的问题${n}`)
    }
    await back
    const arrived = async () => {
      for (const n of lines) {
        await heard(customer, 'agent').filter({ hasText: `断线时的回复${n}` }).waitFor({ timeout: 30_000 })
        await told(desk, 'contact').filter({ hasText: `断线时的问题${n}` }).waitFor({ timeout: 30_000 })
      }
    }
    await arrived()
    for (const p of [desk, customer]) await p.reload()
    await id(customer, 'zj-launcher').click()
    await arrived()
    for (const n of lines) {
      const counts = [
        told(desk, 'contact').filter({ hasText: `断线时的问题${n}` }), told(desk, 'agent').filter({ hasText: `断线时的回复${n}` }),
        heard(customer, 'contact').filter({ hasText: `断线时的问题${n}` }), heard(customer, 'agent').filter({ hasText: `断线时的回复${n}` }),
      ]
      expect(await Promise.all(counts.map((c) => c.count())), n).toEqual([1, 1, 1, 1])
    }
  })

  it('transfers, ends and sums up', async () => {
    const colleague = await w.desk(w.ofRole('agent')[1]!)
    await ready(desk)
    await id(desk, 'composer-input').focus()
    await desk.keyboard.press('Alt+KeyT')
    await id(desk, 'transfer-dialog').waitFor()
    await focused(id(desk, 'transfer-search'))
    await until(async () => (await desk.locator('[data-testid="transfer-target"][data-kind="agent"]:enabled').count()) > 0, 10_000, () => 'no colleague is there')
    await desk.keyboard.press('ArrowDown')
    await desk.keyboard.press('Enter')
    await desk.keyboard.type('please go on')
    await shot(desk, 'transfer-keyboard')
    await desk.keyboard.press('Control+Enter')
    await id(desk, 'transfer-dialog').waitFor({ state: 'hidden' })
    await id(colleague, 'offer').waitFor()
    await colleague.keyboard.press('Enter')
    await told(colleague, 'note').filter({ hasText: 'please go on' }).waitFor()
    expect(await colleague.locator('text=please go on').count(), 'the note is told once').toBe(1)
    await colleague.keyboard.press('Alt+KeyW')
    await id(colleague, 'wrapup-form').waitFor()
    await colleague.keyboard.type('solved')
    await shot(colleague, 'wrapup-keyboard')
    await colleague.keyboard.press('Control+Enter')
    await id(customer, 'zj-star-5').waitFor()
    expect(w.log).not.toMatch(/page error/)
  })
})

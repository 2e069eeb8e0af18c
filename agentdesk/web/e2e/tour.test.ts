import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Page } from 'playwright-core'
import { World, heard, id, ready, reply, say, shot, until } from './world'

// The fifteen steps of docs/first-hour.md, in the same order.
describe('the first hour', () => {
  const w = new World()
  let customer: Page
  let desk: Page
  let colleague: Page
  beforeAll(() => w.start('--scripted=false', '--history=false'))
  afterAll(() => w.stop())

  it('1 the bubble opens with greeting and menu', async () => {
    customer = await w.customer()
    await id(customer, 'zj-panel').waitFor()
  })
  it('2 a full answer at once', async () => {
    await say(customer, '怎么退货')
    await heard(customer, 'bot').filter({ hasText: '7 天内' }).last().waitFor()
    await id(customer, 'zj-solved').or(id(customer, 'zj-unsolved')).first().waitFor()
  })
  it('3 never the same answer twice', async () => {
    const before = await heard(customer, 'bot').allInnerTexts()
    await say(customer, '怎么退货')
    await until(async () => (await heard(customer, 'bot').count()) > before.length, 10_000, () => 'the bot is silent')
    const last = heard(customer, 'bot').last()
    expect(before.map(strip)).not.toContain(strip(await last.innerText()))
    await last.locator('[data-testid="zj-option"][data-value="human"]').waitFor()
  })
  it('4 asked in traditional script, answered in it', async () => {
    const n = await heard(customer, 'bot').count()
    await say(customer, '產品壞了怎麼報修')
    await until(async () => (await heard(customer, 'bot').count()) > n, 10_000, () => 'the bot is silent')
    expect(await heard(customer, 'bot').last().innerText()).toMatch(/[請報單號障訂]/)
  })
  it('5 candidates for what it does not know', async () => {
    await say(customer, '修的那个东西')
    const asked = heard(customer, 'bot').filter({ hasText: /下面|哪一/ }).last()
    await asked.locator('[data-testid="zj-option"][data-value^="faq:"]').first().waitFor()
    const near = await asked.locator('[data-testid="zj-option"][data-value^="faq:"]').count()
    expect(near).toBeGreaterThan(0)
    expect(near).toBeLessThanOrEqual(3)
    await asked.locator('[data-testid="zj-option"][data-value="human"]').waitFor()
  })
  it('6 a queue place, and an offer on the desk', async () => {
    desk = await w.desk(w.ofRole('agent')[0]!)
    await id(customer, 'zj-human').or(customer.locator('[data-testid="zj-option"][data-value="human"]')).last().click()
    await id(desk, 'offer').waitFor()
  })
  it('7 Enter accepts, the whole story is there', async () => {
    await desk.keyboard.press('Enter')
    await id(desk, 'composer-input').waitFor()
    await id(desk, 'contact-panel').waitFor()
    await id(desk, 'timeline').filter({ hasText: '怎么退货' }).waitFor()
  })
  it('8 both write, with ticks', async () => {
    await reply(desk, '您好，我是客服。')
    await heard(customer, 'agent').filter({ hasText: '我是客服' }).waitFor()
    await say(customer, '你好')
    await desk.locator('[data-testid="msg"][data-from="contact"]').filter({ hasText: '你好' }).last().waitFor()
    await until(async () => ['delivered', 'read'].includes((await desk.locator('[data-testid="msg"][data-from="agent"]').last().getAttribute('data-state')) ?? ''), 10_000, () => 'no tick')
  })
  it('9 a quick reply by slash', async () => {
    await id(desk, 'composer-input').fill('/hi')
    await id(desk, 'quick-item').first().waitFor()
    await desk.keyboard.press('Enter')
    expect(await id(desk, 'composer-input').inputValue()).toMatch(/您好/)
    await id(desk, 'composer-input').fill('')
  })
  it('10 a picture both see', async () => {
    const picture = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAYAAACNMs+9AAAAFUlEQVR42mNk+M9Qz0AEYBxVSF+FABJADveWkH6oAAAAAElFTkSuQmCC', 'base64')
    await id(customer, 'zj-attach').setInputFiles({ name: 'a.png', mimeType: 'image/png', buffer: picture })
    await desk.locator('[data-testid="msg"][data-from="contact"] img').first().waitFor()
  })
  it('11 transferred with a note', async () => {
    const two = w.ofRole('agent')[1]!
    colleague = await w.desk(two)
    await id(desk, 'transfer').click()
    await desk.locator('[data-testid="transfer-target"][data-kind="agent"]').filter({ hasText: two.name }).click()
    await id(desk, 'transfer-note').locator('textarea,input').or(id(desk, 'transfer-note')).first().fill('请继续跟进')
    await id(desk, 'transfer-submit').click()
    await id(colleague, 'offer-accept').click()
    await id(colleague, 'timeline').filter({ hasText: '请继续跟进' }).waitFor()
  })
  it('12 wrap-up, then stars', async () => {
    await id(colleague, 'wrapup').click()
    await id(colleague, 'wrapup-summary').locator('textarea,input').or(id(colleague, 'wrapup-summary')).first().fill('已答复')
    await id(colleague, 'wrapup-submit').click()
    await id(customer, 'zj-star-5').last().waitFor()
  })
  it('13 traffic plays', async () => {
    const cockpit = await w.page()
    await cockpit.goto(w.base + '/demo')
    await id(cockpit, 'demo-cockpit').waitFor()
    await id(cockpit, 'demo-play').click()
    await until(async () => Number(await id(cockpit, 'demo-counter-acked').innerText()) > 3, 60_000, () => 'nothing is acknowledged')
    await shot(cockpit, 'cockpit')
  })
  it('14 flushed and killed, nothing lost', async () => {
    const cockpit = await w.page()
    await cockpit.goto(w.base + '/demo')
    await id(cockpit, 'demo-flush').click()
    await confirm(cockpit)
    await id(cockpit, 'demo-kill').click()
    await confirm(cockpit)
    await until(async () => (await fetch(w.base + '/readyz').catch(() => null))?.status === 200, 20_000, () => 'it did not come back')
    const before = Number(await id(cockpit, 'demo-counter-acked').innerText())
    await until(async () => Number(await id(cockpit, 'demo-counter-acked').innerText()) > before, 60_000, () => 'nothing more is acknowledged')
    expect(await id(cockpit, 'demo-counter-lost').innerText()).toBe('0')
    expect(await id(cockpit, 'demo-counter-doubled').innerText()).toBe('0')
  })
  it('15 a changed rule, and why', async () => {
    const admin = await w.page()
    const l = w.ofRole('admin')[0]!
    await admin.goto(w.base + '/login')
    await id(admin, 'login-name').fill(l.login)
    await id(admin, 'login-password').fill(l.password)
    await id(admin, 'login-submit').click()
    await admin.waitForURL(/\/(desk|admin|wall)/)
    await admin.goto(w.base + '/admin/routing')
    await id(admin, 'rule-row').first().waitFor()
    await shot(admin, 'routing')
    await ready(colleague)
    await id(colleague, 'conv-tab-closed').click()
    await id(colleague, 'conv-item').first().click()
    await id(colleague, 'decisions').waitFor()
  })
})

const strip = (s: string) => s.replace(/\s|\d\d:\d\d/g, '')

/** Presses the confirming button of a dialog, if one asks. */
async function confirm(page: Page): Promise<void> {
  const ok = page.locator('.el-message-box__btns .el-button--primary, .el-popconfirm__action .el-button--primary').first()
  await ok.click({ timeout: 1500 }).catch(() => undefined)
}

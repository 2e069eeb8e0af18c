import { mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Page } from 'playwright-core'
import { World, heard, id, reply, say, told, until } from './world'

/** Where the README's pictures are; `npm run shots` makes them anew. */
const out = join(import.meta.dirname, '../../../docs/img')
/** A picture of the README is small enough to load at once, bytes. */
const heaviest = 300_000

const people = [
  { name: '周雨桐', asks: ['冰箱冷藏室不制冷，保修期内吗', '转人工'] },
  { name: '陈建国', asks: ['上门师傅约好今天上午，到现在没来', '转人工'] },
  { name: '林女士', asks: ['发票抬头开错了', '转人工'] },
]

// Not a test of the product: the pictures for the README, of a demo with its history. Runs only when asked for.
describe.runIf(process.env.ZONGJI_README)('pictures for the README', () => {
  const w = new World()
  beforeAll(() => w.start('--scripted=false'))
  afterAll(() => w.stop())

  async function keep(page: Page, name: string): Promise<void> {
    mkdirSync(out, { recursive: true })
    const path = join(out, `${name}.png`)
    await page.screenshot({ path })
    expect(statSync(path).size, `bytes of ${name}.png`).toBeLessThan(heaviest)
  }

  /** The customer's name, as the agent writes it down. */
  async function named(token: string, contact: number, body: object): Promise<void> {
    const r = await fetch(`${w.base}/api/v1/contacts/${contact}`, { method: 'PATCH', headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` }, body: JSON.stringify(body) })
    if (!r.ok) throw new Error(`contact ${contact}: ${r.status} ${await r.text()}`)
  }

  it('the desk, the widget and the cockpit', async () => {
    const l = w.ofRole('agent')[0]!
    const desk = await w.desk(l)
    const { token } = await (await fetch(w.base + '/api/v1/login', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ login: l.login, password: l.password }) })).json() as { token: string }
    const customers: Page[] = []
    for (const p of people) {
      const c = await w.customer()
      customers.push(c)
      for (const [i, text] of p.asks.entries()) {
        await say(c, text)
        if (i < p.asks.length - 1) await heard(c, 'bot').last().waitFor()
      }
      await id(desk, 'offer-accept').click()
      await id(desk, 'offer').waitFor({ state: 'detached' })
      await until(async () => (await id(desk, 'conv-item').count()) === customers.length, 10_000, () => 'the conversation is not in the list')
      const conv = Number(new URL(desk.url()).pathname.split('/').pop())
      const view = await (await fetch(`${w.base}/api/v1/conversations/${conv}`, { headers: { Authorization: `Bearer ${token}` } })).json() as { contact: { id: number } }
      await named(token, view.contact.id, { name: p.name })
    }
    const shop = await w.page({ width: 800, height: 700 })
    await shop.goto(w.base + '/demo/shop.html')
    const photo = await shop.locator('.fridge').screenshot()
    const [fridge, repair, invoice] = customers as [Page, Page, Page]
    await desk.reload()
    const open = (name: string) => id(desk, 'conv-item').filter({ hasText: name }).click()
    await open('林女士')
    await reply(desk, '林女士您好，请告诉我正确的抬头和税号，我马上为您重开。')
    await heard(invoice, 'agent').last().waitFor()
    await open('周雨桐')
    await reply(desk, '您好，您的冰箱在 3 年整机保修期内，维修免费。请拍一张冷藏室温度显示的照片发给我。')
    await heard(fridge, 'agent').last().waitFor()
    await say(fridge, '拍好了，显示正常，可东西都不凉')
    await id(fridge, 'zj-attach').setInputFiles({ name: '冷藏室.png', mimeType: 'image/png', buffer: photo })
    await told(desk, 'contact').locator('img').waitFor()
    await reply(desk, '收到，我为您约明天上午 9–12 点上门，可以吗？')
    await heard(fridge, 'agent').filter({ hasText: '9–12' }).waitFor()
    await say(fridge, '可以，谢谢！')
    await told(desk, 'contact').filter({ hasText: '可以，谢谢' }).waitFor()
    await say(repair, '再不来我就退货了')
    await desk.locator('[data-testid="conv-item"][data-unread="1"]').waitFor()
    await heard(fridge, 'contact').last().and(fridge.locator('[data-state="read"]')).waitFor()
    await id(desk, 'composer-input').fill('好的，预约成功后您会收到短信，师傅上门前会先打电话。')
    await keep(desk, 'desk')
    await keep(fridge, 'widget')

    const cockpit = await w.page()
    await cockpit.goto(w.base + '/demo')
    await id(cockpit, 'demo-cockpit').waitFor()
    await id(cockpit, 'demo-play').click()
    await until(async () => Number(await id(cockpit, 'demo-counter-acked').innerText()) > 20, 60_000, () => 'nothing is acknowledged')
    await cockpit.frameLocator('[data-testid="demo-shop"]').locator('[data-testid="zj-launcher"]').click()
    await cockpit.frameLocator('[data-testid="demo-shop"]').locator('[data-testid="zj-input"]').fill('怎么退货')
    await cockpit.frameLocator('[data-testid="demo-shop"]').locator('[data-testid="zj-input"]').press('Enter')
    await cockpit.frameLocator('[data-testid="demo-shop"]').locator('[data-testid="zj-message"][data-from="bot"]').first().waitFor()
    await cockpit.frameLocator('[data-testid="demo-desk"]').locator('[data-testid="conv-item"]').filter({ hasText: '陈建国' }).click()
    await cockpit.frameLocator('[data-testid="demo-desk"]').locator('[data-testid="composer-input"]').waitFor()
    await keep(cockpit, 'cockpit')
  })
})

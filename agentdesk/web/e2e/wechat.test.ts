import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Page } from 'playwright-core'
import { World, heard, id, patience, reply, say, shot, told, until } from './world'

// Proof 2: on a phone with WeChat: FAQ → answer, candidates by a tapped menu item, 转人工 → accepted, text and picture arrive,
// the window falls, a closed one blocks with other ways offered, stars by menu.
const kinds = [
  { kind: 'oa', name: '公众号', channel: 'wechat' },
  { kind: 'kf', name: '微信客服', channel: 'wecom' },
]

/** What stands on the phone, of one side. */
const lines = (p: Page, from: string) => p.locator(`[data-testid="phone-line"][data-from="${from}"]`)

async function write(p: Page, text: string): Promise<void> {
  if (!(await id(p, 'phone-input').isVisible())) await id(p, 'phone-switch').click()
  await id(p, 'phone-input').fill(text)
  await id(p, 'phone-send').click()
}
const tap = (p: Page, text: string | RegExp) => id(p, 'phone-item').filter({ hasText: text }).last().click()
const left = async (p: Page) => Number(await id(p, 'phone-window').getAttribute('data-left'))

describe.each(kinds)('a customer on $name', ({ kind, channel, name }) => {
  const w = new World()
  let phone: Page, desk: Page, there = false
  beforeAll(async () => {
    await w.start('--scripted=false', '--history=false')
    const admin = w.ofRole('admin')[0]!
    const { token } = await (await fetch(w.base + '/api/v1/login', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ login: admin.login, password: admin.password }) })).json() as { token: string }
    const has = await (await fetch(w.base + '/api/v1/channels', { headers: { Authorization: `Bearer ${token}` } })).json() as { items: { kind: string }[] }
    there = has.items.some((c) => c.kind === channel)
    desk = await w.desk(w.ofRole('agent')[0]!)
    phone = await w.page({ width: 1440, height: 900 })
    await phone.goto(w.base + '/demo/wechat')
    await id(phone, 'phone-page').waitFor()
  })
  afterAll(() => w.stop())

  it('is served from question to stars', async (t) => {
    if (!there) return t.skip('this server has no such channel')
    await phone.locator(`[data-testid="phone-account"][data-kind="${kind}"]`).click()
    await id(phone, 'phone-enter').click()
    await id(phone, 'phone-enter').waitFor({ state: 'detached' })

    await write(phone, '保修期多久')
    await lines(phone, 'account').filter({ hasText: '保修' }).first().waitFor()
    await shot(phone, `phone-${kind}-answer`)
    await write(phone, '修的那个东西')
    await id(phone, 'phone-item').filter({ hasText: '报修' }).last().waitFor()
    await shot(phone, `phone-${kind}-candidates`)
    await tap(phone, '报修')
    await lines(phone, 'account').last().filter({ hasText: /报修|维修/ }).waitFor()

    await write(phone, '转人工')
    await id(desk, 'offer-accept').click()
    await id(desk, 'composer-input').waitFor()
    await id(desk, 'window').first().waitFor()
    await told(desk, 'contact').filter({ hasText: '修的那个东西' }).waitFor()
    await write(phone, '空调不制冷，在吗')
    await told(desk, 'contact').filter({ hasText: '在吗' }).waitFor()
    await until(async () => (await left(phone)) === 5, patience, () => 'WeChat did not count the message anew')
    const before = Number(await id(desk, 'window').last().getAttribute('data-left'))
    expect(before, 'what the desk counts').toBe(5)

    await reply(desk, '您好，我来帮您看看。')
    await lines(phone, 'account').filter({ hasText: '我来帮您看看' }).waitFor()
    await until(async () => Number(await id(desk, 'window').last().getAttribute('data-left')) === 4 && (await left(phone)) === 4, patience, () => 'the window did not fall')
    await id(desk, 'composer-file').setInputFiles({ name: '步骤.png', mimeType: 'image/png', buffer: w.picture() })
    await id(desk, 'composer-send').click()
    await phone.locator('[data-testid="phone-line"][data-from="account"][data-kind="image"] img').waitFor()
    await until(async () => Number(await id(desk, 'window').last().getAttribute('data-left')) === 3, patience, () => 'a picture costs one')
    await id(phone, 'phone-switch').or(id(phone, 'phone-plus')).last().waitFor()
    await id(phone, 'phone-plus').click()
    await id(phone, 'phone-sample').click()
    await told(desk, 'contact').locator('img').waitFor()
    await shot(desk, `desk-${kind}-talk`)
    await shot(phone, `phone-${kind}-talk`)
  })

  it('the same person on the shop’s site is the same customer', async (t) => {
    if (!there) return t.skip('this server has no such channel')
    const [shop] = await Promise.all([phone.context().waitForEvent('page'), id(phone, 'phone-member').click()])
    await id(shop, 'zj-input').waitFor()
    await say(shop, '我在网页上也问一下')
    await heard(shop, 'bot').last().waitFor()
    await say(shop, '转人工')
    await id(desk, 'offer-accept').click()
    await id(desk, 'contact-panel').filter({ hasText: '林小满' }).filter({ hasText: '已验证身份' }).waitFor()
    await id(desk, 'same-person').filter({ hasText: name }).waitFor()
    await id(desk, 'contact-history').locator('[data-conv]').first().waitFor()
    await shot(desk, `desk-${kind}-same`)
    await id(desk, 'conv-item').filter({ hasText: name }).click()
    await told(desk, 'contact').filter({ hasText: '修的那个东西' }).waitFor()
  })

  it('the last one is said to be it, then nothing may be written', async (t) => {
    if (!there) return t.skip('this server has no such channel')
    await write(phone, '还有一个问题')
    await told(desk, 'contact').filter({ hasText: '还有一个问题' }).waitFor()
    await until(async () => Number(await id(desk, 'window').last().getAttribute('data-left')) === 5, patience, () => 'a message opens the window anew')
    for (const n of [1, 2, 3, 4]) {
      await reply(desk, `第 ${n} 句`)
      await until(async () => Number(await id(desk, 'window').last().getAttribute('data-left')) === 5 - n, patience, () => `reply ${n} took nothing`)
    }
    await id(desk, 'composer-input').fill('最后一句')
    await id(desk, 'window-bar').filter({ hasText: '最后一条' }).waitFor()
    await id(desk, 'composer-send').click()
    await reply(desk, '补充一句')
    await lines(phone, 'account').filter({ hasText: '最后一句' }).filter({ hasText: '补充一句' }).waitFor({ timeout: 20_000 })
    expect(await left(phone)).toBe(0)
    await id(desk, 'composer-input').fill('再说一句')
    await desk.locator('[data-testid="window-bar"][data-blocked]').waitFor()
    expect(await id(desk, 'composer-send').isDisabled()).toBe(true)
    await id(desk, 'fallback-copy').waitFor()
    if (kind === 'oa') await id(desk, 'fallback-template').waitFor()
    await shot(desk, `desk-${kind}-blocked`)
    await id(desk, 'composer-input').fill('')
    await id(phone, 'phone-refused').waitFor({ timeout: 500 }).then(() => { throw new Error('WeChat had to refuse something') }, () => undefined)
  })

  it('gives stars by menu', async (t) => {
    if (!there) return t.skip('this server has no such channel')
    await write(phone, '好的，谢谢')
    await told(desk, 'contact').filter({ hasText: '好的，谢谢' }).waitFor()
    await id(desk, 'wrapup').click()
    await id(desk, 'wrapup-summary').locator('textarea,input').or(id(desk, 'wrapup-summary')).first().fill('已解决')
    await id(desk, 'wrapup-submit').click()
    await id(phone, 'phone-item').filter({ hasText: '满意' }).first().waitFor()
    await id(phone, 'phone-item').filter({ hasText: '满意' }).first().click()
    await id(desk, 'conv-tab-closed').click()
    await id(desk, 'conv-item').first().click()
    await id(desk, 'contact-panel').filter({ hasText: '★★★★★' }).waitFor()
    await shot(phone, `phone-${kind}-stars`)
    expect(w.log).not.toMatch(/page error/)
  })
})

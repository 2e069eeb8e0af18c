/** A mail thread from both sides: a customer of /demo/mail and an agent on the desk. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Page } from 'playwright-core'
import { id, patience, ready, shot, told, until, World } from './world'

/** Mails leave after the seconds in which they can be taken back, ms. */
const leaves = 25_000

const w = new World()
let desk: Page
let box: Page
let conv = ''

beforeAll(async () => {
  await w.start('--scripted=false', '--history=false')
  desk = await w.desk(w.ofRole('agent')[0]!)
  box = await w.page({ width: 1024, height: 768 })
  await box.goto(w.base + '/demo/mail?user=lin')
  await id(box, 'mail-row').first().waitFor()
}, 90_000)
afterAll(() => w.stop())

const cards = () => told(desk, 'contact').locator('[data-testid="mail-card"]')

describe('mails', () => {
  it('a customer writes, and the mail rings on the desk', async () => {
    await id(box, 'mail-compose').click()
    await id(box, 'mail-cc').fill('zhouhang@hangyu.example')
    await id(box, 'mail-subject').fill('冰箱门有点歪')
    await id(box, 'mail-input').fill('你好，冰箱到了但是门有点歪，请安排人看看。')
    await id(box, 'mail-attach').setInputFiles({ name: '现场.png', mimeType: 'image/png', buffer: w.picture() })
    await shot(box, 'mail-write')
    await id(box, 'mail-send').click()
    await id(desk, 'offer-accept').click()
    await cards().filter({ hasText: '门有点歪' }).waitFor()
    await id(desk, 'mail-title').filter({ hasText: '冰箱门有点歪' }).waitFor()
    await cards().locator('img').waitFor()
    conv = await id(desk, 'conv-item').first().getAttribute('data-conv') ?? ''
    await shot(desk, 'mail-came')
  })

  it('says where it belongs, and shows itself as it came', async () => {
    await id(desk, 'mail-details').first().click()
    await id(desk, 'mail-match').filter({ hasText: '新的来信' }).waitFor()
    await id(desk, 'mail-menu').first().click()
    await id(desk, 'mail-do-headers').click()
    await id(desk, 'mail-headers').filter({ hasText: 'lin.xiaoman@mail.example' }).waitFor()
    await id(desk, 'mail-tab-original').click()
    const frame = id(desk, 'mail-frame')
    if (await frame.count()) expect(await frame.getAttribute('sandbox')).not.toContain('allow-scripts')
    await shot(desk, 'mail-original')
    await desk.keyboard.press('Escape')
  })

  it('a draft stays on the server over a reload', async () => {
    await id(desk, 'composer-input').fill('林女士您好，师傅明天上门。')
    await desk.locator('[data-testid="draft-state"][data-state="saved"]').waitFor()
    await desk.evaluate(() => { for (const k of Object.keys(localStorage)) if (k.startsWith('zongji.draft.')) localStorage.removeItem(k) })
    await desk.reload()
    await until(async () => (await id(desk, 'composer-input').inputValue()).includes('师傅明天上门'), patience, () => 'the draft did not come back')
    await ready(desk)
  })

  it('what was sent is taken back within its seconds, and sent again', async () => {
    await id(desk, 'composer-send').click()
    await id(desk, 'undo-send').waitFor()
    await shot(desk, 'mail-undo')
    await id(desk, 'undo-send-do').click()
    await until(async () => (await id(desk, 'composer-input').inputValue()).includes('师傅明天上门'), patience, () => 'the text did not come back')
    await desk.locator('[data-testid="msg"][data-from="agent"][data-state="withdrawn"]').waitFor()
    await id(desk, 'mail-head-open').or(id(desk, 'mail-head-close')).first().waitFor()
    expect(await id(desk, 'mail-head').innerText()).toContain('冰箱门有点歪'.slice(0, 2))
    await id(desk, 'composer-send').click()
    await desk.locator('[data-testid="msg"][data-from="agent"][data-state="sent"]').waitFor({ timeout: leaves })
  })

  it('the answer arrives once, and the customer’s own answer is in the same conversation', async () => {
    await id(box, 'mail-folder-inbox').click()
    await id(box, 'mail-row').filter({ hasText: 'Re: 冰箱门有点歪' }).click()
    await id(box, 'mail-text').filter({ hasText: '师傅明天上门' }).waitFor()
    expect(await id(box, 'mail-row').filter({ hasText: 'Re: 冰箱门有点歪' }).count(), 'what was taken back did not leave').toBe(1)
    await shot(box, 'mail-answer')
    await id(box, 'mail-reply').click()
    await id(box, 'mail-input').fill('好的，谢谢！')
    await id(box, 'mail-send').click()
    const answer = cards().filter({ hasText: '好的，谢谢！' })
    await answer.waitFor()
    expect(await id(desk, 'conv-item').count()).toBe(1)
    expect(await id(desk, 'conv-item').first().getAttribute('data-conv')).toBe(conv)
    expect(['token', 'in_reply_to', 'references']).toContain(await answer.getAttribute('data-match'))
    expect(await id(desk, 'mail-body').last().innerText(), 'what was quoted is folded away').toBe('好的，谢谢！')
    expect(w.log).not.toMatch(/page error/)
    await id(desk, 'mail-quoted').last().click()
    await id(desk, 'mail-quote').filter({ hasText: '师傅明天上门' }).waitFor()
    await shot(desk, 'mail-thread')
  })

  it('goes to who was in copy too', async () => {
    await box.locator('[data-testid="mail-person"][data-person="zhou"]').click()
    await id(box, 'mail-row').filter({ hasText: 'Re: 冰箱门有点歪' }).first().waitFor()
  })

  it('a mail is split off and put back', async () => {
    await id(desk, 'mail-menu').last().click()
    await id(desk, 'mail-do-split').last().click()
    await desk.locator('.el-message-box__btns .el-button--primary').click()
    await id(desk, 'mail-moved').waitFor()
    await shot(desk, 'mail-split')
    await id(desk, 'mail-menu').last().click()
    await id(desk, 'mail-do-undo').last().click()
    await id(desk, 'mail-moved').waitFor({ state: 'detached' })
  })
})

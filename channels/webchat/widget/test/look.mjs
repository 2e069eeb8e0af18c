// Takes pictures of the widget in every state: ZONGJI_LOOK=:9090 go test -run TestLook . in the folder above, then
// node test/look.mjs [out folder].
import { chromium } from 'playwright-core'
import { mkdirSync } from 'node:fs'

const url = process.env.LOOK_URL ?? 'http://127.0.0.1:9090/'
const out = process.argv[2] ?? 'look'
mkdirSync(out, { recursive: true })
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] })
const painter = await browser.newPage({ viewport: { width: 480, height: 320 } })
await painter.setContent('<body style="margin:0;background:linear-gradient(135deg,#9be,#fc9);font:80px serif;display:grid;place-items:center;height:100vh">🧹')
const png = await painter.screenshot()
await painter.close()

for (const [name, viewport, colorScheme, locale] of [
  ['phone', { width: 390, height: 844 }, 'light', 'zh-CN'],
  ['small', { width: 360, height: 640 }, 'dark', 'zh-CN'],
  ['desk', { width: 1280, height: 800 }, 'light', 'zh-CN'],
  ['night', { width: 1280, height: 800 }, 'dark', 'en'],
]) {
  const ctx = await browser.newContext({ viewport, colorScheme, locale, deviceScaleFactor: viewport.width < 500 ? 2 : 1 })
  const page = await ctx.newPage()
  page.on('console', m => m.type() === 'error' && console.log(name, 'console:', m.text()))
  page.on('pageerror', e => console.log(name, 'error:', e.stack))
  const at = id => page.getByTestId(id)
  let n = 0
  const shot = async what => { await page.waitForTimeout(350); await page.screenshot({ path: `${out}/${name}-${++n}-${what}.png` }) }
  const say = async text => { await at('zj-input').fill(text); await at('zj-input').press('Enter') }
  await page.goto(url)
  await at('zj-launcher').waitFor()
  if (locale === 'en') { await at('zj-launcher').click(); await at('zj-lang').selectOption('en'); await at('zj-close').click() }
  await shot('launcher')
  await at('zj-launcher').click()
  await shot('empty')
  await say('我昨天买的那个有点问题')
  await shot('candidates')
  await at('zj-option').filter({ hasText: '退货的运费' }).click()
  await shot('answer')
  await at('zj-unsolved').last().click()
  await page.waitForTimeout(800)
  await shot('waiting')
  await say('agent')
  await at('zj-attach').setInputFiles([{ name: '照片.png', mimeType: 'image/png', buffer: png }, { name: '一份名字特别特别特别长的保修说明文件.txt', mimeType: 'text/plain', buffer: Buffer.from('hello '.repeat(900)) }])
  await page.waitForTimeout(600)
  await at('zj-emoji').click()
  await shot('agent')
  await page.keyboard.press('Escape')
  await say('x'.repeat(120) + ' 很长的一段话，'.repeat(30))
  await say('第二行\n\n还有空行 <b>不是标签</b> https://shop.example/a?b=c。')
  await shot('long')
  await ctx.setOffline(true)
  await say('没有网络的时候写的')
  await shot('offline')
  await ctx.setOffline(false)
  await page.waitForTimeout(2500)
  await say('end')
  await page.waitForTimeout(500)
  await shot('ended')
  await at('zj-star-4').click()
  await shot('stars')
  await at('zj-rate-send').click()
  await shot('rated')
  await at('zj-new').click()
  await shot('new')
  await page.reload()
  await at('zj-launcher').click()
  await shot('reloaded')
  await ctx.close()
}
await browser.close()

// @vitest-environment node
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'

const dist = new URL('../dist/', import.meta.url)
const built = existsSync(new URL('index.html', dist))

/** Most that the desk may load before it can be used, bytes gzipped. */
const limit = 250 * 1024

/** Everything that entry reaches by static imports. */
function reach(entry: string, seen = new Set<string>()): Set<string> {
  if (seen.has(entry)) return seen
  seen.add(entry)
  const code = readFileSync(new URL(`assets/${entry}`, dist), 'utf8')
  for (const m of code.matchAll(/(?:from|import)\s*["']\.\/([\w.-]+\.js)["']/g)) reach(m[1]!, seen)
  return seen
}

describe.skipIf(!built)('the built app (skipped without dist/: npm run build)', () => {
  it('the first load of the desk weighs at most 250 kB gzipped, in the heavier language', () => {
    const assets = readdirSync(new URL('assets/', dist))
    const index = readFileSync(new URL('index.html', dist), 'utf8')
    const js = new Set<string>()
    for (const m of index.matchAll(/assets\/([\w.-]+\.js)/g)) reach(m[1]!, js)
    reach(assets.find(a => /^DeskPage-.*\.js$/.test(a))!, js)
    const weigh = (a: string) => gzipSync(readFileSync(new URL(`assets/${a}`, dist))).length
    const texts = Math.max(...assets.filter(a => /^(zh-CN|en)-.*\.js$/.test(a)).map(weigh))
    const sheets = new Set([...index.matchAll(/assets\/([\w.-]+\.css)/g)].map(m => m[1]!))
    const entry = readFileSync(new URL(`assets/${[...index.matchAll(/src="\/assets\/([\w.-]+\.js)/g)][0]![1]}`, dist), 'utf8')
    const list = /__vite__mapDeps=.*?\[(?<deps>[^\]]*)\]/.exec(entry)?.groups?.deps?.match(/[\w.-]+\.(?:js|css)/g) ?? []
    const page = /DeskPage-[\w-]+\.js[^[]{0,40}\[([\d,]*)\]/.exec(entry)?.[1] ?? ''
    for (const i of page.split(',')) if (list[Number(i)]?.endsWith('.css')) sheets.add(list[Number(i)]!)
    expect(sheets.size, 'style sheets of the desk').toBeGreaterThan(1)
    const css = [...sheets]
    const total = [...js, ...css].reduce((n, a) => n + weigh(a), texts)
    console.info(`first load of the desk: ${(total / 1024).toFixed(0)} kB gzipped`)
    expect(total).toBeLessThan(limit)
    expect([...js].some(a => readFileSync(new URL(`assets/${a}`, dist), 'utf8').includes('zrender')), 'echarts is loaded by the wall only').toBe(false)
  })
})

// @vitest-environment node
import { existsSync, readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'

const dist = new URL('../dist/', import.meta.url)
const manifest = new URL('.vite/manifest.json', dist)

/** Most that the desk may load before it can be used, bytes gzipped, and in how many files. */
const limit = 250 * 1024
const files = 20

/** What Vite says of a built file: https://vite.dev/guide/backend-integration */
interface Chunk { file: string; css?: string[]; imports?: string[]; dynamicImports?: string[] }

describe.skipIf(!existsSync(manifest))('the built app (skipped without dist/: npm run build)', () => {
  const chunks = existsSync(manifest) ? JSON.parse(readFileSync(manifest, 'utf8')) as Record<string, Chunk> : {}
  const text = (file: string) => readFileSync(new URL(file, dist), 'utf8')
  const weigh = (file: string) => gzipSync(readFileSync(new URL(file, dist))).length

  /** The files that the browser loads for a module: its own, its style sheets and those of its static imports. */
  function loads(module: string, seen = new Set<string>()): Set<string> {
    const c = chunks[module]
    if (!c) throw new Error(`${module} is no chunk; there are ${Object.keys(chunks).join(', ')}`)
    if (seen.has(c.file)) return seen
    for (const f of [c.file, ...c.css ?? []]) seen.add(f)
    for (const i of c.imports ?? []) loads(i, seen)
    return seen
  }
  const first = ['index.html', 'src/login/LoginPage.vue', 'src/desk/DeskPage.vue']

  it('from the login to the desk weighs at most 250 kB gzipped in few files, in the heavier language', () => {
    const all = new Set<string>()
    for (const m of first) loads(m, all)
    const named = [...text('index.html').matchAll(/assets\/[\w.-]+\.(?:js|css)/g)].map(m => m[0])
    expect([...all], 'what index.html names is counted').toEqual(expect.arrayContaining(named))
    const texts = ['src/i18n/zh-CN.ts', 'src/i18n/en.ts'].map(m => [...loads(m)].filter(f => !all.has(f)).reduce((n, f) => n + weigh(f), 0))
    const total = weigh('index.html') + weigh('favicon.svg') + [...all].reduce((n, f) => n + weigh(f), Math.max(...texts))
    console.info(`login and desk: ${(total / 1024).toFixed(0)} kB gzipped in ${all.size + 3} files`)
    expect([...all].filter(f => f.endsWith('.css')).length, 'style sheets').toBeGreaterThan(1)
    expect(total).toBeLessThan(limit)
    expect(all.size + 3).toBeLessThan(files)
  })

  it('has no dialog, no table and no chart in it', () => {
    const all = new Set<string>()
    for (const m of first) loads(m, all)
    for (const m of ['TransferDialog', 'SearchDialog', 'ParkDialog', 'HistoryView', 'WrapupPanel']) {
      expect(all.has(chunks[`src/desk/${m}.vue`]!.file), `${m} is loaded after the first screen`).toBe(false)
    }
    for (const f of [...all].filter(f => f.endsWith('.js'))) {
      expect(text(f), `echarts in ${f}`).not.toContain('zrender')
      expect(text(f), `the table of the admin pages in ${f}`).not.toContain('el-table__body')
    }
  })
})

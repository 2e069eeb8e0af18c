// @vitest-environment node
import { readFileSync, readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const src = new URL('./', import.meta.url)
const page = readFileSync(new URL('../../../docs/testing.md', src), 'utf8')
const known = [...page.matchAll(/`([a-z][\w-]*)(<\w+>)?`/g)].map(m => ({ name: m[1]!, open: m[2] !== undefined }))

describe('docs/testing.md', () => {
  it('names every test id of the web app', () => {
    const missing = new Set<string>()
    for (const file of readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(f => f.endsWith('.vue'))) {
      for (const m of readFileSync(new URL(file, src), 'utf8').matchAll(/\sdata-testid="([\w-]+)"|:data-testid="`([\w-]+)\$\{/g)) {
        const id = m[1] ?? m[2]!
        if (!known.some(k => (m[2] ? k.name.startsWith(id) : k.name === id || (k.open && id.startsWith(k.name))))) missing.add(id)
      }
    }
    expect([...missing]).toEqual([])
  })
})

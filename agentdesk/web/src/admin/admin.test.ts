import { describe, expect, it, vi } from 'vitest'
import { ApiError } from '@/api/client'
import adminEn from '@/i18n/admin.en'
import adminZh from '@/i18n/admin.zh-CN'
import demoEn from '@/i18n/demo.en'
import demoZh from '@/i18n/demo.zh-CN'
import wallEn from '@/i18n/wall.en'
import wallZh from '@/i18n/wall.zh-CN'
import { inkOn, join, originOK, pieces } from './channels'
import { search } from './list'
import { shortcutTaken, variables } from './replies'
import { fieldErrors } from './rest'
import { mistakeText } from './words'
import { i18n } from '@/i18n'
import zh from '@/i18n/admin.zh-CN'
import { readFileSync, readdirSync } from 'node:fs'

vi.hoisted(() => Object.assign(globalThis, { location: { hash: '' } })) // the session looks there for a token

const keys = (o: object, at = ''): string[] => Object.entries(o).flatMap(([k, v]) => (typeof v === 'object' ? keys(v as object, `${at}${k}.`) : [at + k]))

describe('texts', () => {
  it.each([['admin', adminZh, adminEn], ['wall', wallZh, wallEn], ['demo', demoZh, demoEn]])('%s has the same keys in both languages', (_, zh, en) => {
    expect(keys(en).sort()).toEqual(keys(zh).sort())
  })
})

describe('a channel', () => {
  it('keeps three languages in one text', () => {
    expect(pieces('简 | 繁 | En')).toEqual(['简', '繁', 'En'])
    expect(join(['简', '', 'En'])).toBe('简 |  | En')
    expect(join(['a|b', '', ''])).toBe('a／b')
    expect(pieces(join(['简', '', 'En']))).toEqual(['简', '', 'En'])
  })
  it('knows an origin', () => {
    expect(['https://shop.example.com', '*.example.com', 'localhost:8080', 'http://a.b:1'].every(originOK)).toBe(true)
    expect(['ftp://x', 'https://a b', 'javascript:alert(1)', 'https://x/path'].some(originOK)).toBe(false)
  })
  it('writes in black on bright colours', () => {
    expect(inkOn('#ffd43b')).toBe('#111827')
    expect(inkOn('#1d4ed8')).toBe('#ffffff')
  })
})

describe('lists and forms', () => {
  it('finds each word anywhere, in any width and case', () => {
    expect(search([{ a: 'ＶＩＰ 退款' }, { a: '退货' }], 'vip 退', (x) => [x.a])).toEqual([{ a: 'ＶＩＰ 退款' }])
  })
  it('puts the errors of the server at their fields', () => {
    const e = new ApiError(422, 'invalid', '', [{ location: 'body.name', message: 'is empty' }, { location: 'body.settings.color', message: 'no colour' }, { location: 'body.similar[2]', message: 'long' }])
    expect(fieldErrors(e)).toEqual({ name: 'is empty', color: 'no colour', similar: 'long' })
  })
  it('says mistakes by code in the language of the screen, unknown ones in English', () => {
    i18n.global.setLocaleMessage('zh-CN', { admin: zh })
    expect(mistakeText({ message: 'has 70 characters: at most 64 are allowed', code: 'long', params: [70, 64] })).toBe('有 70 个字，最多 64 个')
    expect(mistakeText({ message: 'is 3: 5 to 600 are allowed', code: 'between', params: [3, 5, 600] })).toBe('应在 5 到 600 之间（现为 3）')
    expect(mistakeText({ message: 'must be …', code: 'login' })).toContain('. _ @ -')
    expect(mistakeText({ message: 'something new', code: 'new' })).toBe('something new')
  })
  it('has words for every code that the server sends', () => {
    const dir = new URL('../../../', import.meta.url)
    const go = readdirSync(dir).filter((f) => f.endsWith('.go')).map((f) => readFileSync(new URL(f, dir), 'utf8')).join()
    const codes = new Set([...go.matchAll(/(?:m\.add|\.with)\([^,\n]+, "(\w+)", /g)].map((m) => m[1]!))
    expect(codes.size).toBeGreaterThan(20)
    expect([...codes].filter((c) => !(c in zh.mistake))).toEqual([])
  })
  it('lists variables once and sees a shortcut taken in any case', () => {
    expect(variables('{单号} 和 {单号}，{ 日期 }')).toEqual(['单号', '日期'])
    const r = { id: 1, group: '', shortcut: 'Hi', title: '', text: '' }
    expect(shortcutTaken([r], { ...r, id: 2, shortcut: 'hi' })).toBe(r)
    expect(shortcutTaken([r], r)).toBeUndefined()
  })
})

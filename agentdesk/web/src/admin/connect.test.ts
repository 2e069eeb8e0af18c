import { describe, expect, it } from 'vitest'
import { after, bad, before, callback, freshKey, guided, isRare, make, random, wayOf, ways, words } from './connect'
import { quotas } from './health'
import { add, at, faults, move, published, read, remove, type Button } from './menu'
import zh from '@/i18n/zh-CN'
import en from '@/i18n/en'

describe('connecting a channel', () => {
  it('offers what the server has; WeChat twice', () => {
    expect(ways([{ name: 'webchat', form: [] }, { name: 'wechat', form: [] }, { name: 'carrier-pigeon', form: [] }]).map((w) => w.id)).toEqual(['webchat', 'official', 'mini', 'carrier-pigeon'])
  })
  it('knows an account again by its settings', () => {
    const c = (kind: string, type?: string) => wayOf({ kind, settings: type ? { type } : {} })
    expect([c('wechat', 'mini'), c('wechat', 'official'), c('wechat'), c('wecom'), c('webchat'), c('email')]).toEqual(['mini', 'official', 'official', 'wecom', 'webchat', 'email'])
  })
  it('has words for each step of each guide, in both languages', () => {
    for (const id of ['official', 'mini', 'wecom'] as const) {
      expect(guided(id)).toBe(true)
      for (const s of [...before[id]!, ...after[id]!]) for (const l of [zh, en]) expect((l.admin.connect[id] as Record<string, { title: string }>)[s]?.title, `${id}.${s}`).toBeTruthy()
    }
  })
  it('makes keys that every decoder takes', () => {
    for (let i = 0; i < 50; i++) {
      expect(bad('aes_key', make('aes_key'))).toBe('')
      expect(bad('token', make('token'))).toBe('')
      const b = Buffer.from(make('aes_key') + '=', 'base64')
      expect(b.length).toBe(32)
    }
    const k = make('aes_key')
    expect(Buffer.from(k + '=', 'base64').toString('base64')).toBe(k + '=')
    expect(random(300)).toMatch(/^[A-Za-z0-9]{300}$/)
    expect(freshKey('wecom')).toMatch(/^kf-[a-z0-9]{6}$/)
  })
  it.each([
    ['appid', 'wx1234567890abcdef', ''], ['appid', 'gh_123', 'appid'], ['corpid', 'wwabcdef1234567890', ''], ['corpid', 'abc', 'corpid'], ['open_kfid', 'wkAJ2GCAAAZSfhHCt7IFSvLKtMPxyJTw', ''], ['open_kfid', 'kf1', 'kfid'],
    ['aes_key', 'short', 'aes'], ['token', 'with space', 'token'], ['secret', 'a b', 'spaces'], ['appid', '', ''],
  ])('%s %s', (key, v, want) => { expect(bad(key, v)).toBe(want) })
  it('keeps rare settings aside', () => { expect([isRare({ key: 'api_base', type: 'text' }), isRare({ key: 'agent_id', type: 'text', required: true }), isRare({ key: 'appid', type: 'text' })]).toEqual([true, false, false]) })
  it('says where to post', () => { expect(callback('https://desk.example', 'oa-1')).toBe('https://desk.example/c/oa-1/') })
  it('says codes, else what it got', () => {
    const te = (k: string) => k === 'channel.step.token' || k === 'channel.code.wechat.40164'
    const t = (k: string) => `<${k}>`
    expect([words(te, t, 'step', 'token'), words(te, t, 'health', 'wechat:40164'), words(te, t, 'step', 'new one')]).toEqual(['<channel.step.token>', '<channel.code.wechat.40164>', 'new one'])
  })
  it('reads quotas', () => {
    expect(quotas({ items: [{ path: '/cgi-bin/media/upload', quota: { daily_limit: 5000, used: 4700 } }, { path: '/x', quota: { daily_limit: 0 } }] })).toEqual([{ key: 'media_upload', path: '/cgi-bin/media/upload', used: 4700, limit: 5000, percent: 94 }])
  })
})

describe('an official account’s menu', () => {
  const some = (): Button[] => [{ name: '商品', sub_button: [{ name: '新品', type: 'view', url: 'https://a.example' }, { name: '下单', type: 'click', key: 'k' }] }, { name: '人工', type: 'click', key: 'menu1' }]
  it('is read as WeChat writes it', () => {
    expect(read({ menu: { button: [{ type: 'click', name: 'a', key: 'k', sub_button: [] }] } })).toEqual([{ type: 'click', name: 'a', key: 'k' }])
    expect(read({ button: [{ name: 'a', sub_button: { list: [{ name: 'b', type: 'view', url: 'https://x' }] } }] })).toEqual([{ name: 'a', sub_button: [{ name: 'b', type: 'view', url: 'https://x' }] }])
    expect(read(null)).toEqual([])
  })
  it('has at most three buttons with five inside', () => {
    const m = some()
    expect(add(m, -1, '新')).toEqual([2, -1])
    expect(m[2]).toEqual({ name: '新', type: 'click', key: 'menu2' })
    expect(add(m, -1, '再')).toBeNull()
    for (let i = 0; i < 3; i++) expect(add(m, 0, '子')).toEqual([0, 2 + i])
    expect(add(m, 0, '子')).toBeNull()
  })
  it('a button’s own deed becomes its first inside, and the last one’s goes with it', () => {
    const m = some()
    expect(add(m, 1, '转人工')).toEqual([1, 0])
    expect(m[1]).toEqual({ name: '人工', sub_button: [{ name: '转人工', type: 'click', key: 'menu1' }] })
    remove(m, [1, 0])
    expect(m[1]).toEqual({ name: '人工', type: 'click', key: 'menu1' })
  })
  it('is ordered', () => {
    const m = some()
    expect(move(m, [0, 0], 1)).toEqual([0, 1])
    expect(at(m, [0, 1])?.name).toBe('新品')
    expect(move(m, [1, -1], 0)).toEqual([0, -1])
    expect(move(m, [0, -1], 9)).toEqual([0, -1])
    expect(m.map((b) => b.name)).toEqual(['人工', '商品'])
  })
  it('names what WeChat would refuse', () => {
    const m: Button[] = [{ name: '六个汉字的菜', type: 'click', key: '' }, { name: 'x', type: 'miniprogram', url: 'ftp://a', appid: 'nope' }, { name: ' ', type: 'view', url: 'https://ok.example' }]
    expect(faults(m).map((f) => `${f.at.join('.')} ${f.word}`)).toEqual(['0.-1 long', '0.-1 key', '1.-1 url', '1.-1 page', '2.-1 name'])
    expect(faults(some())).toEqual([])
  })
  it('is sent with the fields of each kind only', () => {
    expect(published([{ name: ' a ', type: 'view', url: 'https://x', key: 'left over' }, { name: 'b', type: 'scancode_push', key: 'kept' }])).toEqual([{ name: 'a', type: 'view', url: 'https://x' }, { name: 'b', type: 'scancode_push', key: 'kept' }])
  })
})

import { readFileSync, existsSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import * as core from '../src/core'
import type { Msg } from '../src/core'
import { known, langs, t } from '../src/i18n'

const msg = (conv: number, seq: number, from: core.From = 'agent', more: Partial<Msg> = {}): Msg =>
  ({ id: conv * 1000 + seq, conv, seq, from, kind: 'text', text: `${conv}:${seq}`, at: conv * 1e6 + seq, ...more })
const order = (s: { msgs: Msg[] }) => s.msgs.map(m => `${m.conv}:${m.seq}`).join(' ')

describe('messages', () => {
  it('come once and in order, whatever order they arrive in', () => {
    const all = [1, 2, 3].flatMap(c => [1, 2, 4, 5].map(q => msg(c, q)))
    for (let round = 0; round < 50; round++) {
      const s = core.fresh()
      const shuffled = [...all, ...all].sort(() => Math.random() - 0.5)
      for (const m of shuffled) core.take(s, [m])
      expect(order(s)).toBe('1:1 1:2 1:4 1:5 2:1 2:2 2:4 2:5 3:1 3:2 3:4 3:5')
    }
  })
  it('of conversations are ordered by time, not by id', () => {
    expect(core.merge([msg(9, 1, 'bot', { at: 5 })], [msg(2, 1, 'bot', { at: 50 })]).map(m => m.conv)).toEqual([9, 2])
  })
  it('that came back from the server are not sent again', () => {
    const s = core.fresh()
    s.out = [{ cid: 'a', text: 'x', at: 1 }, { cid: 'b', text: 'y', at: 2 }]
    core.take(s, [msg(1, 1, 'contact', { cid: 'a' })])
    expect(s.out.map(o => o.cid)).toEqual(['b'])
  })
})

describe('the position to resume from', () => {
  it('is the last message of the conversation', () => {
    const s = core.fresh()
    s.conv = 2
    core.take(s, [msg(1, 9), msg(2, 3)])
    expect(core.resume(s)).toEqual({ conv: 2, after: 3 })
  })
  it('stops before a message that is only acknowledged: others may stand before it', () => {
    const s = core.fresh()
    s.conv = 1
    s.out = [{ cid: 'a', text: 'x', at: 1 }]
    core.take(s, [msg(1, 1)])
    core.stored(s, { cid: 'a', conv: 1, seq: 4, at: 9, msg: 77 })
    expect(core.resume(s)).toEqual({ conv: 1, after: 1 })
    core.take(s, [msg(1, 2), msg(1, 4, 'contact', { cid: 'a' })])
    expect(core.resume(s)).toEqual({ conv: 1, after: 4 })
  })
  it('asks for the hole when the conversation moved on meanwhile', () => {
    const s = core.fresh()
    core.welcome(s, { conv: 1, status: 'bot', messages: [msg(1, 1)] })
    expect(core.welcome(s, { conv: 1, status: 'bot', messages: [] })).toBe(false)
    expect(core.welcome(s, { conv: 2, status: 'bot', messages: [msg(2, 1)] })).toBe(true)
    expect(order(s)).toBe('1:1 2:1')
  })
  it('gives the same log as the server after 500 random cuts', () => {
    const server: Msg[] = []
    let s = core.fresh()
    for (let cut = 0; cut < 500; cut++) {
      const at = core.resume(s)
      core.welcome(s, { conv: server.length ? 1 : 0, status: 'bot', messages: server.filter(m => m.seq > at.after) })
      for (let n = Math.random() * 5 | 0; n > 0; n--) {
        const m = msg(1, server.length + 1, Math.random() < 0.5 ? 'contact' : 'agent', { cid: 'c' + server.length })
        server.push(m)
        if (m.from === 'contact') {
          s.out.push({ cid: m.cid!, text: m.text!, at: m.at })
          if (Math.random() < 0.5) core.stored(s, { cid: m.cid!, conv: 1, seq: m.seq, at: m.at, msg: m.id })
        }
      }
      // The stream breaks somewhere: a prefix of what is missing arrives.
      const have = core.resume(s).after
      const missing = server.filter(m => m.seq > have)
      for (const m of missing.slice(0, Math.random() * (missing.length + 1) | 0)) core.event(s, { conv: 1, msg: m, status: 'bot' })
      if (cut % 7 === 0) s = core.load(JSON.stringify({ ...core.save(s, {}, new Set()), token: 't' })).state
    }
    core.welcome(s, { conv: 1, status: 'bot', messages: server.filter(m => m.seq > core.resume(s).after) })
    expect(s.msgs.slice(-50).map(m => m.text)).toEqual(server.slice(-50).map(m => m.text))
    expect(s.out).toEqual([])
  })
})

describe('the queue', () => {
  it('sends the oldest that is complete', () => {
    const s = core.fresh()
    s.out = [{ cid: 'a', text: '', at: 1, progress: 5 }, { cid: 'b', text: '', at: 2, failed: 'x' }, { cid: 'c', text: '', at: 3 }]
    expect(core.next(s)?.cid).toBe('c')
  })
  it('outlives the page, without uploads, and keeps what another tab has not sent', () => {
    const s = core.fresh()
    s.token = 't'
    s.out = [{ cid: 'b', text: 'b', at: 2 }, { cid: 'up', text: '', at: 3, progress: 1 }]
    const saved = core.save(s, { out: [{ cid: 'a', text: 'a', at: 1 }, { cid: 'old', text: '', at: 0 }] }, new Set(['old']))
    expect(core.load(JSON.stringify(saved)).state.out.map(o => o.cid)).toEqual(['a', 'b'])
  })
  it('survives a damaged store', () => {
    for (const raw of [null, '', '{', '7', 'null', '{"out":5,"msgs":{},"token":9}', '{"out":[null,{"cid":"<b>"}]}']) {
      expect(core.load(raw).state).toEqual(core.fresh())
    }
  })
})

describe('events', () => {
  it('of an earlier conversation do not bring it back', () => {
    const s = core.fresh()
    core.welcome(s, { conv: 2, status: 'agent', agent: '林', messages: [] })
    core.event(s, { conv: 1, status: 'ended' })
    expect([s.conv, s.status, s.agent]).toEqual([2, 'agent', '林'])
  })
  it('of a new one replace the old', () => {
    const s = core.fresh()
    core.welcome(s, { conv: 1, status: 'ended', stars: 4, messages: [] })
    core.event(s, { conv: 2, status: 'bot', msg: msg(2, 1) })
    expect([s.conv, s.status, s.stars]).toEqual([2, 'bot', 0])
  })
  it('move the read mark only forward', () => {
    const s = core.fresh()
    core.welcome(s, { conv: 1, status: 'agent', seen: 5, messages: [msg(1, 5, 'contact'), msg(1, 6, 'contact')] })
    core.event(s, { conv: 1, seen: 3 })
    expect(s.msgs.map(m => core.tick(s, m))).toEqual(['read', 'delivered'])
  })
})

it('counts as unread what bot and agent wrote after the last look', () => {
  const s = core.fresh()
  core.take(s, [msg(1, 1), msg(1, 2, 'system'), msg(1, 3, 'bot'), msg(1, 4, 'contact'), msg(1, 5)])
  s.saw = 1001
  expect(core.unread(s)).toBe(2)
})

it('buttons can be pressed until somebody has answered', () => {
  const s = core.fresh()
  s.status = 'bot'
  s.conv = 1
  core.take(s, [msg(1, 1, 'bot'), msg(1, 2, 'system')])
  expect(core.pressable(s, s.msgs[0]!)).toBe(true)
  core.take(s, [msg(1, 3, 'contact')])
  expect(core.pressable(s, s.msgs[0]!)).toBe(false)
})

describe('a closed line', () => {
  const half = () => 0.5
  it.each([
    [1000, 0, 0, { wait: -1 }], [4403, 0, 0, { wait: -1 }], [4409, 0, 0, { wait: -1 }],
    [1001, 0, 700, { wait: 700 }], [1001, 0, 0, { wait: 1000 }],
    [4401, 0, 0, { wait: 0, forget: true }], [4429, 0, 9000, { wait: 9000 }], [4429, 0, 100, { wait: 5000 }],
    [1009, 0, 0, { wait: 300, blame: true }], [4400, 1, 0, { wait: 600, blame: true }],
    [1006, 2, 0, { wait: 1200 }], [4408, 0, 0, { wait: 300 }], [4503, 60, 0, { wait: 15000 }],
  ])('with code %i after %i failures', (code, n, ms, want) => {
    expect(core.retry(code, n, ms, half)).toEqual(want)
  })
})

it('links only what is a web address', () => {
  expect(core.pieces('看 https://a.example/x?y=1，再 javascript:alert(1) http://b.example).')).toEqual([
    { text: '看 ' }, { text: 'https://a.example/x?y=1', href: 'https://a.example/x?y=1' }, { text: '，再 javascript:alert(1) ' },
    { text: 'http://b.example', href: 'http://b.example' }, { text: ').' }])
})

it('picks the language of the page before the browser’s', () => {
  expect(core.pickLang(['zh-HK', 'en'])).toBe('zh-TW')
  expect(core.pickLang(['fr', 'zh-Hans-CN'])).toBe('zh-CN')
  expect(core.pickLang(['fr'])).toBe('en')
})

it('writes dark on light colours and white on dark ones', () => {
  expect([core.ink('#ffd400'), core.ink('#1d6ff2'), core.ink('#0f766e')]).toEqual(['#14181f', '#fff', '#fff'])
})

it('has every text in every language', () => {
  for (const [lang] of langs) expect(t(lang, 'place', 3)).toContain('3')
  expect(known('too_large')).toBe(true)
  expect(known('internal')).toBe(false)
})

it.skipIf(!existsSync('dist/widget.js'))('weighs at most 15 KiB', () => {
  expect(gzipSync(readFileSync('dist/widget.js'), { level: 9 }).length).toBeLessThanOrEqual(15 * 1024)
})

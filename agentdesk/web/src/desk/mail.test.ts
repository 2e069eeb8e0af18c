import { describe, expect, it } from 'vitest'
import type { Message } from '@/api/types'
import { answer, attached, badges, fw, isAddr, parse, re, topic } from './mail'

const mail = (seq: number, from: 'contact' | 'agent', extra: object, files?: Message['files']): Message =>
  ({ id: seq, conv: 1, seq, from, kind: 'mail', at: seq, state: 'stored', extra: extra as Message['extra'], files })

describe('mails on the desk', () => {
  it('say what must be known before they are believed', () => {
    expect(badges({ subject: '', auth: 'fail', class: 'human' }, false)).toEqual([{ word: 'fail', tone: 'bad' }])
    expect(badges({ subject: '', auth: 'pass', class: 'auto_reply' }, false)).toEqual([{ word: 'auto', tone: 'warm' }])
    expect(badges({ subject: '', quarantine: 'too deep', class: 'auto_generated' }, false).map((b) => b.word)).toEqual(['quarantine'])
    expect(badges({ subject: '', auth: 'none' }, true)).toEqual([])
    expect(badges({ subject: '', hidden: 'smime', signed: 'pgp' }, true).map((b) => b.word)).toEqual(['smime', 'pgpSigned'])
  })
  it('are one matter under one subject', () => {
    expect(topic('Re: 回复：RE[2]: 发票 ')).toBe('发票')
    expect(topic('转发: Fwd: Invoice')).toBe(topic('invoice'))
    expect([re('发票'), re('回复：发票'), re(''), fw('发票'), fw('Fwd: x')]).toEqual(['Re: 发票', '回复：发票', '', 'Fwd: 发票', 'Fwd: x'])
  })
  it('read addresses as people paste them', () => {
    expect(parse('林 <a@b.cn>，c@d.cn; e@f.cn g@h.cn、nobody')).toEqual({ list: [{ name: '林', addr: 'a@b.cn' }, { addr: 'c@d.cn' }, { addr: 'e@f.cn' }, { addr: 'g@h.cn' }], rest: 'nobody' })
    expect(['a@b.cn', 'a@b', '@b.cn', 'a b@c.cn', '用户@例子.中国'].map(isAddr)).toEqual([true, false, false, false, true])
  })
  it('answer who wrote last, with those in copy, and never ourselves', () => {
    const list = [
      mail(1, 'contact', { subject: '发票', from: { addr: 'lin@x.cn' }, to: [{ addr: 'Service+t1@y.cn' }, { addr: 'boss@x.cn' }], cc: [{ addr: 'lin@x.cn' }, { addr: 'acc@x.cn' }], class: 'human' }),
      mail(2, 'contact', { subject: '自动回复', from: { addr: 'robot@x.cn' }, class: 'auto_reply' }),
    ]
    expect(answer(list, ['service@y.cn'])).toEqual({ to: [{ addr: 'lin@x.cn' }], cc: [{ addr: 'boss@x.cn' }, { addr: 'acc@x.cn' }], bcc: [], subject: 'Re: 发票' })
    expect(answer([mail(1, 'contact', { subject: 'x', from: { addr: 'a@x.cn' }, reply_to: [{ addr: 'b@x.cn' }] })], []).to).toEqual([{ addr: 'b@x.cn' }])
    expect(answer([mail(1, 'agent', { subject: 'x', to: [{ addr: 'a@x.cn' }] })], []).to).toEqual([{ addr: 'a@x.cn' }])
    expect(answer([], []).to).toEqual([])
  })
  it('have no pictures of their text among the attachments', () => {
    const files = [{ id: 1, name: 'a.png' }, { id: 2, name: 'b.pdf' }] as Message['files']
    expect(attached(mail(1, 'contact', { html: true, inline: { c: 1 } }, files)).map((f) => f.id)).toEqual([2])
    expect(attached(mail(1, 'contact', { inline: { c: 1 } }, files)).map((f) => f.id)).toEqual([1, 2])
  })
})

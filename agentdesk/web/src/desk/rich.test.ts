import { beforeAll, describe, expect, it } from 'vitest'
import { i18n } from '@/i18n'
import zh from '@/i18n/zh-CN'
import { failure, happened, host, isShut, isTaken, plays } from './rich'
import { said } from './preview'
import { filled, forms, slotMax, slots } from './template'

beforeAll(() => i18n.global.setLocaleMessage('zh-CN', zh))

describe('channels in words', () => {
  it('a code is translated, else the channel’s own reason is said', () => {
    expect(failure({ code: 'wechat:45015' })).toBe('距客户上次互动已超过 48 小时 (45015)')
    expect(failure({ code: 'wecom:95018' })).toMatch(/企业微信坐席/)
    expect(failure({ code: 'wechat:99999', reason: 'strange' })).toBe('strange')
    expect(failure({ reason: 'wecom:95001 send msg limit' })).toMatch(/^本轮/)
    expect(failure({ reason: 'wechat:45015 wechat /cgi-bin/message/custom/send: 45015 response out of time limit' })).toMatch(/45015/)
    expect(failure({ reason: 'no code: none' })).toBe('no code: none')
  })
  it('knows what another way may help', () => {
    expect([isShut('window_closed'), isShut('wechat:45047'), isShut('wechat:45002'), isShut(undefined), isTaken('wecom:95018')]).toEqual([true, true, false, false, true])
  })
  it('says what the customer did', () => {
    expect(happened({ extra: { event: 'subscribe' } })).toBe('客户关注了公众号')
    expect(happened({ extra: { event: 'scan', value: 'store-7' } })).toBe('客户扫码进入（store-7）')
    expect(happened({ extra: { event: 'card_from_mars' }, text: '' })).toBe('card_from_mars')
  })
  it('says a preview without text', () => { expect([said('[voice]'), said('[nothing known]'), said('您好')]).toEqual(['[语音]', '[nothing known]', '您好']) })
  it('plays mp3 and mp4, not AMR', () => { expect([plays({ type: 'audio/mpeg' }), plays({ type: 'video/mp4' }), plays({ type: 'audio/amr' })]).toEqual([true, true, false]) })
  it('names a link by its host', () => { expect([host('https://shop.example/a?b'), host('nonsense')]).toEqual(['shop.example', 'nonsense']) })
})

describe('templates', () => {
  const content = '订单已发货\n订单号：{{character_string1.DATA}}\n备注:{{thing4.DATA}}{{time5.DATA}}'
  it('are read from WeChat’s own text', () => {
    expect(slots(content)).toEqual([{ key: 'character_string1', label: '订单号' }, { key: 'thing4', label: '备注' }, { key: 'time5', label: 'time5' }])
    expect([slotMax('thing4'), slotMax('character_string1'), slotMax('time5')]).toEqual([20, 32, 0])
  })
  it('are filled by key', () => {
    const [f] = forms({ template_list: [{ template_id: 'T1', title: '发货', content }] })
    expect(filled(f!, { character_string1: ' A1 ', thing4: '已发' }, '')).toEqual({ form: 'template', id: 'T1', title: '发货', fields: { character_string1: 'A1', thing4: '已发', time5: '' } })
  })
})

import { describe, expect, it } from 'vitest'
import { hours, minutes, nextSpan, read, spansError, write, type Span } from './calendar'

describe('a calendar', () => {
  it('comes back from its file as it was', () => {
    const file = { zone: 'Asia/Shanghai', week: { mon: ['09:00-12:00', '13:30-18:00'], fri: ['22:00-06:00'] }, holidays: 'cn', makeup: ['10:00-16:00'], exceptions: { '2026-07-01': [], '2026-07-04': ['09:00-12:00'] } }
    expect(write(read(file))).toEqual(file)
  })
  it.each<[string, Span[], string]>([
    ['a lunch break', [['09:00', '12:00'], ['13:00', '18:00']], ''],
    ['over midnight', [['22:00', '06:00']], ''],
    ['day and night', [['00:00', '24:00']], ''],
    ['no time', [['9', '18:00']], 'bad'],
    ['minute 75', [['09:75', '18:00']], 'bad'],
    ['one inside the other', [['09:00', '18:00'], ['12:00', '13:00']], 'overlap'],
  ])('%s', (_, spans, want) => { expect(spansError(spans)).toBe(want) })
  it('counts hours, also over midnight', () => {
    expect(hours([['09:00', '12:00'], ['22:00', '06:00']])).toBe(11)
    expect(minutes('24:00')).toBe(1440)
  })
  it('offers a span behind the last, until the day is full', () => {
    expect(nextSpan([['09:00', '12:00']])).toEqual(['13:00', '17:00'])
    expect(nextSpan([['00:00', '24:00']])).toBeNull()
  })
})

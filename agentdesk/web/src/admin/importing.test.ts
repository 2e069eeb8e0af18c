import { describe, expect, it } from 'vitest'
import { cell, columnsOf, csv, errorsOf, fileProblem, filterRows, type Preview } from './importing'

const p: Preview = { token: 't', good: 1, bad: 2, rows: [
  { line: 2, ok: true, values: { question: '怎么退货', answer: '…' } },
  { line: 3, ok: false, error: 'answer: is empty; question: too long', values: { question: 'x', category: '售后' } },
  { line: 4, ok: false, errors: [{ column: 'role', message: 'unknown' }] },
] }

describe('what an import shows', () => {
  it('takes columns in the order in which rows name them', () => { expect(columnsOf(p)).toEqual(['question', 'answer', 'category']) })
  it('believes the server when it names the columns', () => { expect(columnsOf({ ...p, columns: ['a'] })).toEqual(['a']) })
  it('takes errors apart by column', () => {
    expect(errorsOf(p.rows[1]!, columnsOf(p))).toEqual([{ column: 'answer', message: 'is empty' }, { column: 'question', message: 'too long' }])
    expect(errorsOf(p.rows[2]!, [])).toEqual([{ column: 'role', message: 'unknown' }])
    expect(errorsOf({ line: 1, ok: false, error: 'time 09:00: wrong' }, [])).toEqual([{ message: 'time 09:00: wrong' }])
  })
  it('filters rows', () => {
    expect(filterRows(p, 'bad').map((r) => r.line)).toEqual([3, 4])
    expect(filterRows(p, 'all')).toHaveLength(3)
  })
  it('writes cells as people read them', () => {
    expect(cell(['a', 'b'])).toBe('a | b')
    expect(cell({ refund: 3 })).toBe('refund:3')
    expect(cell(undefined)).toBe('')
  })
  it('refuses other files before sending them', () => {
    expect(fileProblem('a.xlsx', 10)).toBe('')
    expect(fileProblem('a.xls', 10)).toBe('type')
    expect(fileProblem('a.csv', 0)).toBe('empty')
    expect(fileProblem('a.csv', 11 << 20)).toBe('size')
  })
  it('writes a CSV in which nothing is a formula', () => {
    expect(csv(['a'], [['=1+1'], ['x,"y"']])).toBe('\ufeffa\r\n\'=1+1\r\n"x,""y"""\r\n')
  })
})

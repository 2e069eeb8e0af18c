/**
 * Public holidays of China and the working weekends beside them, for the
 * preview of a calendar; the server has its own list. Source: the yearly
 * notice of the State Council (国务院办公厅关于2026年部分节假日安排的通知).
 */

/** The last year that this list knows. */
export const lastYear = 2026

const off: [from: string, to: string, name: string][] = [
  ['2026-01-01', '2026-01-03', '元旦'], ['2026-02-15', '2026-02-23', '春节'], ['2026-04-04', '2026-04-06', '清明节'],
  ['2026-05-01', '2026-05-05', '劳动节'], ['2026-06-19', '2026-06-21', '端午节'], ['2026-09-25', '2026-09-27', '中秋节'], ['2026-10-01', '2026-10-07', '国庆节'],
]
const work = ['2026-01-04', '2026-02-14', '2026-02-28', '2026-05-09', '2026-09-20', '2026-10-10']

/** What a date is in China beside its weekday; null when nothing. */
export function holiday(date: string): { open: boolean; name: string } | null {
  if (work.includes(date)) return { open: true, name: '调休' }
  const h = off.find(([a, b]) => date >= a && date <= b)
  return h ? { open: false, name: h[2] } : null
}

/** Working hours as internal/worktime reads them, and what the editor needs of them. */

/** From and to as "09:00". "24:00" ends a day; an end at or before the start is on the next day. */
export type Span = [from: string, to: string]
export const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const
export type Day = (typeof days)[number]

/** A date of its own: closed without spans. */
export interface Exception { date: string; spans: Span[] }
export interface Calendar {
  zone: string
  week: Record<Day, Span[]>
  exceptions: Exception[]
  holidays: '' | 'cn'
  /** Hours of a make-up workday; null means Monday's. */
  makeup: Span[] | null
}

/** The JSON of worktime.File: spans as "09:00-12:00". */
export interface CalendarFile {
  name?: string
  zone?: string
  week?: Partial<Record<Day, string[]>>
  holidays?: string
  makeup?: string[]
  exceptions?: Record<string, string[]>
}

const office = (): Span[] => [['09:00', '12:00'], ['13:30', '18:00']]
export const emptyCalendar = (): Calendar => ({
  zone: 'Asia/Shanghai',
  week: { mon: office(), tue: office(), wed: office(), thu: office(), fri: office(), sat: [], sun: [] },
  exceptions: [], holidays: 'cn', makeup: null,
})

export const readSpans = (list: string[] | undefined): Span[] => (list ?? []).map((s) => { const [a = '', b = ''] = s.split('-'); return [a.trim(), b.trim()] })
const writeSpans = (list: Span[]): string[] => list.map(([a, b]) => `${a}-${b}`)

export function read(f: CalendarFile): Calendar {
  return {
    zone: f.zone || 'Asia/Shanghai', holidays: f.holidays === 'cn' ? 'cn' : '', makeup: f.makeup ? readSpans(f.makeup) : null,
    week: Object.fromEntries(days.map((d) => [d, readSpans(f.week?.[d])])) as Calendar['week'],
    exceptions: Object.entries(f.exceptions ?? {}).map(([date, s]) => ({ date, spans: readSpans(s) })).sort((a, b) => a.date.localeCompare(b.date)),
  }
}

export function write(c: Calendar): CalendarFile {
  const f: CalendarFile = { zone: c.zone, week: Object.fromEntries(days.filter((d) => c.week[d].length).map((d) => [d, writeSpans(c.week[d])])) }
  if (c.holidays) f.holidays = c.holidays
  if (c.makeup) f.makeup = writeSpans(c.makeup)
  if (c.exceptions.length) f.exceptions = Object.fromEntries(c.exceptions.map((e) => [e.date, writeSpans(e.spans)]))
  return f
}

/** Minutes since midnight, NaN for what is no time. */
export function minutes(s: string): number {
  const m = /^(\d{1,2}):(\d{2})$/.exec(s)
  const n = m ? Number(m[1]) * 60 + Number(m[2]) : NaN
  return m && Number(m[2]) < 60 && n <= 1440 ? n : NaN
}

/** A span in minutes; over midnight its end is beyond 1440. */
function range([a, b]: Span): [number, number] {
  const [from, to] = [minutes(a), minutes(b)]
  return [from, to <= from ? to + 1440 : to]
}

export type SpanError = '' | 'bad' | 'overlap'

/** What is wrong with the spans of one day, "" when nothing is. */
export function spansError(spans: Span[]): SpanError {
  const list = spans.map(range)
  if (list.some(([a, b]) => Number.isNaN(a) || Number.isNaN(b) || a === 1440)) return 'bad'
  const sorted = [...list].sort((x, y) => x[0] - y[0])
  return sorted.some(([a], i) => i > 0 && a < sorted[i - 1]![1]) ? 'overlap' : ''
}

/** A span that fits behind the last one of a day, null when the day is full. */
export function nextSpan(spans: Span[]): Span | null {
  if (spans.length === 0) return ['09:00', '18:00']
  const end = Math.max(...spans.map((s) => range(s)[1]))
  if (Number.isNaN(end) || end >= 1380) return null
  return [clock(end + 60), clock(Math.min(end + 300, 1440))]
}

const clock = (m: number): string => `${String(Math.floor(m / 60)).padStart(2, '0')}:${String(m % 60).padStart(2, '0')}`

/** Hours open in one day. */
export const hours = (spans: Span[]): number => spans.map(range).reduce((n, [a, b]) => n + (b - a || 0), 0) / 60

/** A day of POST /calendars/preview. */
export interface PreviewDay { date: string; day: Day; spans: string[]; why: 'week' | 'exception' | 'holiday' | 'workday'; name?: string }
export interface Preview { days: PreviewDay[]; missing?: number }

export const addDays = (date: string, n: number): string => new Date(Date.parse(`${date}T00:00:00Z`) + n * 86_400_000).toISOString().slice(0, 10)
export const dayOf = (date: string): Day => days[(new Date(`${date}T00:00:00Z`).getUTCDay() + 6) % 7]!

/** Today's date in a zone; the zone of the browser when the name is unknown. */
export function today(zone: string, at: Date): string {
  const parts = (timeZone?: string) => new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' }).format(at)
  try { return parts(zone) } catch { return parts() }
}

export const zones = ['Asia/Shanghai', 'Asia/Hong_Kong', 'Asia/Taipei', 'Asia/Singapore', 'Asia/Tokyo', 'Europe/London', 'Europe/Berlin', 'America/New_York', 'America/Los_Angeles', 'UTC']

/** The rows of GET /calendars with a name to show: those that every installation has are named by us, others by their key. */
import { i18n } from '@/i18n'
import { read, type Calendar, type CalendarFile } from './calendar'

export interface StoredCalendar { key: string; name?: string; builtin?: boolean; calendar: CalendarFile }
export interface NamedCalendar { key: string; name: string; builtin: boolean; calendar: Calendar }

export function calendarName(key: string): string {
  const k = `admin.calendarName.${key}`
  return i18n.global.te(k) ? i18n.global.t(k) : key
}

export const toCalendars = (list: StoredCalendar[]): NamedCalendar[] =>
  list.map((s) => ({ key: s.key, name: s.name || calendarName(s.key), builtin: !!s.builtin, calendar: read(s.calendar ?? {}) }))

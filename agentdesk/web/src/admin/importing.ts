/** The model of an import: what the server found in a file, before anything is written. */
import type { Mistake } from './words'

export interface RowError extends Mistake { column?: string }
export interface ImportRow { line: number; ok: boolean; error?: string; errors?: RowError[]; values?: Record<string, unknown> }
export interface Preview { token: string; rows: ImportRow[]; good: number; bad: number; columns?: string[] }
export interface ImportResult { added?: number; updated?: number; skipped?: number; applied?: number; passwords?: { login: string; name?: string; password: string }[] }

/** Columns in the order in which rows name them first. */
export function columnsOf(p: Preview): string[] {
  return p.columns?.length ? p.columns : [...new Set(p.rows.flatMap((r) => Object.keys(r.values ?? {})))]
}

/** The errors of a row; "column: what is wrong" is taken apart when the column exists. */
export function errorsOf(row: ImportRow, columns: string[]): RowError[] {
  if (row.errors?.length) return row.errors
  if (!row.error) return []
  return row.error.split(/[;；\n]\s*/).filter(Boolean).map((part) => {
    const [, column = '', message = ''] = /^([^:：]{1,40})[:：]\s*(.+)$/s.exec(part) ?? []
    return columns.includes(column.trim()) ? { column: column.trim(), message } : { message: part }
  })
}

export type Show = 'all' | 'good' | 'bad'

export function filterRows(p: Preview, show: Show): ImportRow[] {
  return show === 'all' ? p.rows : p.rows.filter((r) => r.ok === (show === 'good'))
}

export function cell(v: unknown): string {
  if (v == null) return ''
  if (Array.isArray(v)) return v.join(' | ')
  return typeof v === 'object' ? Object.entries(v).map(([k, x]) => `${k}:${String(x)}`).join(' ') : v === true ? '✓' : v === false ? '✕' : String(v)
}

/** A CSV file of rows that Excel opens as UTF-8; cells that would be formulas are quoted. */
export function csv(head: string[], rows: string[][]): string {
  const one = (s: string) => {
    const safe = /^[=+\-@\t\r]/.test(s) ? `'${s}` : s
    return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
  }
  return '\ufeff' + [head, ...rows].map((r) => r.map(one).join(',')).join('\r\n') + '\r\n'
}

/** Formats offered before sending; the server looks into the content. */
export const accept = '.xlsx,.csv'

/** Whether a file may be sent: "" or the key of the error. 10 MiB at most. */
export function fileProblem(name: string, size: number): '' | 'type' | 'size' | 'empty' {
  if (!/\.(xlsx|csv)$/i.test(name)) return 'type'
  if (size === 0) return 'empty'
  return size > 10 << 20 ? 'size' : ''
}

/** What the admin pages, the wall and the cockpit need beside api/client: errors by field, rows of a list. */
import { ApiError } from '@/api/client'
import { mistakeText } from './words'

/** Errors by field, in the language of the screen: "body.name" and "name" are the field name, "body.settings.color" is color. */
export function fieldErrors(e: unknown): Record<string, string> {
  const out: Record<string, string> = {}
  if (!(e instanceof ApiError)) return out
  for (const x of e.errors) {
    const field = (x.location ?? '').replace(/^body[./]?/, '').replace(/^(settings|secrets)\./, '').split(/[.[/]/)[0] ?? ''
    if (field) out[field] ??= mistakeText(x)
  }
  return out
}

/** The rows of a list answer. */
export function rows<T>(answer: unknown): T[] {
  if (Array.isArray(answer)) return answer as T[]
  return (answer as { items?: T[] | null } | null)?.items ?? []
}

/** Words for what the server refused: the admin's own first, then everybody's. */
import { i18n } from '@/i18n'
import { ApiError } from '@/api/client'
import { errorText } from '@/ui/say'
import { mistakeText } from './words'

export function useProblem() {
  function sayProblem(e: unknown): string {
    const used = e instanceof ApiError && e.errors.find((x) => x.code === 'used_by')
    if (used) return mistakeText(used)
    const key = e instanceof ApiError ? `admin.problem.${e.code}` : ''
    return key && i18n.global.te(key) ? i18n.global.t(key) : errorText(e)
  }
  return { sayProblem }
}

/** Words for what the server refused: the admin's own first, then everybody's. */
import { i18n } from '@/i18n'
import { ApiError } from '@/api/client'
import { errorText } from '@/ui/say'

export function useProblem() {
  function sayProblem(e: unknown): string {
    const key = e instanceof ApiError ? `admin.problem.${e.code}` : ''
    return key && i18n.global.te(key) ? i18n.global.t(key) : errorText(e)
  }
  return { sayProblem }
}

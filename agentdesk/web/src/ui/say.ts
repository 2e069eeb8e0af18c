import { ElMessage } from 'element-plus'
import 'element-plus/es/components/message/style/css'
import { ApiError } from '@/api/client'
import { i18n } from '@/i18n'
import { failure } from './refusal'

/** Returns the words for an error: by code, or the server's own detail. */
export function errorText(e: unknown): string {
  const { t, te } = i18n.global
  if (!(e instanceof ApiError)) return t('errors.fallback', { text: e instanceof Error ? e.message : String(e) })
  if (e.code === 'channel_refused') return failure({ reason: e.detail })
  if (te(`errors.${e.code}`)) return t(`errors.${e.code}`)
  return e.detail || t('errors.fallback', { text: e.code })
}

/** Shows an error for a few seconds. */
export function sayError(e: unknown): void { ElMessage({ type: 'error', message: errorText(e), grouping: true, duration: 5000 }) }

/** Shows that something worked. */
export function say(message: string): void { ElMessage({ type: 'success', message, grouping: true, duration: 2500 }) }

/** Shows something worth knowing. */
export function warn(message: string): void { ElMessage({ type: 'warning', message, grouping: true, duration: 5000 }) }

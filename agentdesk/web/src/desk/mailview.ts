/** A mail as a whole: GET /messages/{id}/mail. */
import { api } from '@/api/client'

export interface MailView {
  text: string
  quoted?: string
  signature?: string
  html_safe?: string
  /** Pictures held back. */
  remote?: number
  headers?: { name: string; value: string }[]
  error?: string
}

export const fetchMail = (msg: number, images = false) => api.get<MailView>(`/messages/${msg}/mail`, { images: images || undefined })

/** The page that shows a mail's HTML in a frame: no scripts, no forms, nothing loaded but our own files and, when asked for, pictures. */
export function framed(html: string, images: boolean, origin: string): string {
  const csp = `default-src 'none'; img-src ${origin}/f/ data:${images ? ' https: http:' : ''}; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'`
  return `<!doctype html><html><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${csp}"><meta name="referrer" content="no-referrer"><base target="_blank"><style>body{margin:16px;font:14px/1.6 system-ui,sans-serif;color:#1b2430;background:#fff;overflow-wrap:anywhere}img{max-width:100%;height:auto}table{max-width:100%}</style></head><body>${html}</body></html>`
}

import { session } from './session'

/** One mistake in a request; location is like "body.text". */
export interface FieldError { location: string; message: string; code?: string; params?: unknown[] }

/** An answer of the server that says no: RFC 9457. code is stable and translated by i18n errors.<code>. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    readonly errors: FieldError[] = [],
  ) {
    super(detail || code)
  }
}

export type Query = Record<string, string | number | boolean | undefined>

const base = '/api/v1'

function url(path: string, query?: Query): string {
  const q = new URLSearchParams()
  for (const [k, v] of Object.entries(query ?? {})) if (v !== undefined && v !== '') q.set(k, String(v))
  const s = q.toString()
  return base + path + (s ? '?' + s : '')
}

async function problem(res: Response): Promise<ApiError> {
  const body = await res.json().catch(() => ({})) as { code?: string; detail?: string; title?: string; errors?: FieldError[] }
  const code = body.code ?? (res.status >= 500 ? 'unavailable' : `http_${res.status}`)
  return new ApiError(res.status, code, body.detail ?? body.title ?? '', body.errors ?? [])
}

/** Sends one request. A network failure is ApiError 0 "offline"; 401 with a token ends the session. */
async function send(method: string, path: string, opt: { query?: Query; body?: unknown; signal?: AbortSignal } = {}): Promise<Response> {
  const headers: Record<string, string> = {}
  if (session.token) headers.Authorization = `Bearer ${session.token}`
  const form = opt.body instanceof FormData
  if (opt.body !== undefined && !form) headers['Content-Type'] = 'application/json'
  let res: Response
  try {
    res = await fetch(url(path, opt.query), {
      method, headers, signal: opt.signal,
      body: opt.body === undefined ? undefined : form ? (opt.body as FormData) : JSON.stringify(opt.body),
    })
  } catch (e) {
    if (opt.signal?.aborted) throw e
    throw new ApiError(0, 'offline', 'the server cannot be reached')
  }
  if (res.ok) return res
  const err = await problem(res)
  if (res.status === 401 && session.token && path !== '/login') session.ended()
  throw err
}

async function json<T>(method: string, path: string, opt?: Parameters<typeof send>[2]): Promise<T> {
  const res = await send(method, path, opt)
  if (res.status === 204) return undefined as T
  const text = await res.text()
  return (text ? JSON.parse(text) : undefined) as T
}

export const api = {
  get: <T>(path: string, query?: Query, signal?: AbortSignal) => json<T>('GET', path, { query, signal }),
  post: <T>(path: string, body: unknown = {}, query?: Query) => json<T>('POST', path, { body, query }),
  put: <T>(path: string, body: unknown) => json<T>('PUT', path, { body }),
  patch: <T>(path: string, body: unknown) => json<T>('PATCH', path, { body }),
  delete: <T>(path: string) => json<T>('DELETE', path),

  /** Fetches a file with the session's token and offers it as a download. */
  async download(path: string, query: Query, name: string): Promise<void> {
    const res = await send('GET', path, { query })
    const given = /filename\*?=(?:UTF-8'')?"?([^";]+)/i.exec(res.headers.get('Content-Disposition') ?? '')?.[1]
    const a = document.createElement('a')
    a.href = URL.createObjectURL(await res.blob())
    a.download = given ? decodeURIComponent(given) : name
    a.click()
    setTimeout(() => URL.revokeObjectURL(a.href), 60_000)
  },

  /** Uploads one file (multipart field "file"); progress is 0–1. XMLHttpRequest, because fetch knows no upload progress. */
  upload<T>(path: string, file: File, progress?: (part: number) => void, signal?: AbortSignal): Promise<T> {
    return new Promise((resolve, reject) => {
      const x = new XMLHttpRequest()
      x.open('POST', url(path))
      if (session.token) x.setRequestHeader('Authorization', `Bearer ${session.token}`)
      x.upload.onprogress = e => { if (e.lengthComputable) progress?.(e.loaded / e.total) }
      x.onerror = () => reject(new ApiError(0, 'offline', 'the server cannot be reached'))
      x.onabort = () => reject(new ApiError(0, 'aborted', 'aborted'))
      x.onload = () => {
        if (x.status < 300) return resolve(JSON.parse(x.responseText) as T)
        void problem(new Response(x.responseText, { status: x.status })).then(reject)
      }
      signal?.addEventListener('abort', () => x.abort())
      const form = new FormData()
      form.append('file', file, file.name)
      x.send(form)
    })
  },
}

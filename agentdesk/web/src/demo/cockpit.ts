/** The cockpit's state of GET /demo and the calls that move it. The demo listens on this machine only. */
import { ApiError } from '@/api/client'

export interface DemoLogin { login: string; name: string; role: 'admin' | 'supervisor' | 'agent' | 'auditor'; team?: string; password: string }
export interface Progress { running: boolean; done: number; total: number; speed?: number }
export interface DemoInfo {
  logins: DemoLogin[] | null
  counters: { sent: number; acked: number; lost: number; doubled: number; stats?: Record<string, number> }
  play: Progress
  history?: Progress & { loaded?: boolean; err?: string }
  starts: number
  ready_ms: number
  flushes: number
  bus: string
  channel: string
}

/** No answer within this time counts as down, ms. */
const patience = 2500

async function call(method: string, path: string, body?: unknown): Promise<Response> {
  let res: Response
  try {
    res = await fetch(`/api/v1${path}`, {
      method, signal: AbortSignal.timeout(method === 'GET' ? patience : 15_000),
      headers: { 'X-Zongji-Demo': '1', ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) },
      body: body === undefined ? undefined : JSON.stringify(body),
    })
  } catch {
    throw new ApiError(0, 'offline', 'the server cannot be reached')
  }
  if (res.ok) return res
  const p = (await res.json().catch(() => ({}))) as { code?: string; detail?: string }
  throw new ApiError(res.status, p.code ?? `http_${res.status}`, p.detail ?? '')
}

export const info = async (): Promise<DemoInfo> => (await call('GET', '/demo')).json() as Promise<DemoInfo>
export const act = async (what: string, body?: unknown): Promise<void> => { await call('POST', `/demo/${what}`, body) }
export const logIn = async (l: DemoLogin): Promise<string> => ((await (await call('POST', '/login', { login: l.login, password: l.password })).json()) as { token: string }).token

/** A server that is being restarted, or one that is not the demo at all. */
export const away = (e: unknown): 'down' | 'none' => (e instanceof ApiError && (e.status === 404 || e.status === 403) ? 'none' : 'down')

export const percent = (p: Progress): number => (p.total > 0 ? Math.min(100, Math.round((p.done / p.total) * 100)) : 0)

/** The seats in the order of the cards: two who serve, those who lead and look, then all others. */
export function seats(list: DemoLogin[]): DemoLogin[] {
  const of = (...roles: DemoLogin['role'][]) => list.filter((l) => roles.includes(l.role))
  const agents = of('agent')
  return [...agents.slice(0, 2), ...of('supervisor'), ...of('admin'), ...agents.slice(2), ...of('auditor')]
}

/** Where somebody lands. */
export const landing = (l: DemoLogin): string => (l.role === 'admin' ? '/admin/routing' : l.role === 'supervisor' || l.role === 'auditor' ? '/wall' : '/desk')

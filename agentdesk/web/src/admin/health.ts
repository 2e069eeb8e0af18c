/** A daily limit of one call at WeChat: openapi/quota/get. */
export interface Quota { key: string; path: string; used: number; limit: number; percent: number }

/** Reads the answer of the deed `quota`: {"items":[{"path","quota":{"daily_limit","used","remain"}}]} or flat. */
export function quotas(answer: unknown): Quota[] {
  const o = answer as { items?: unknown[]; quotas?: unknown[] } | null
  return ((o?.items ?? o?.quotas ?? []) as Record<string, unknown>[]).flatMap((x) => {
    const q = (x.quota ?? x) as Record<string, number>
    const path = String(x.path ?? x.cgi_path ?? '')
    const limit = Number(q.daily_limit ?? q.limit ?? 0)
    const used = Number(q.used ?? 0)
    return limit > 0 ? [{ key: path.replace(/^\/cgi-bin\//, '').replaceAll('/', '_'), path, used, limit, percent: Math.min(100, Math.round((used / limit) * 100)) }] : []
  })
}

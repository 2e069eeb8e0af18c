/** Cuts a text at the marked character ranges (code points, [from, to)), for highlighting without HTML. */
export function cut(text: string, marks: [number, number][] | undefined): { s: string; on: boolean }[] {
  const chars = Array.from(text)
  const out: { s: string; on: boolean }[] = []
  let at = 0
  for (const [from, to] of [...(marks ?? [])].sort((a, b) => a[0] - b[0])) {
    const a = Math.max(at, from), b = Math.min(to, chars.length)
    if (b <= a) continue
    if (a > at) out.push({ s: chars.slice(at, a).join(''), on: false })
    out.push({ s: chars.slice(a, b).join(''), on: true })
    at = b
  }
  if (at < chars.length) out.push({ s: chars.slice(at).join(''), on: false })
  return out
}

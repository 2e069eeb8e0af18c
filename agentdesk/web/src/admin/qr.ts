/** QR codes as files: a small encoder without dependencies (npm qr) makes the dots, a canvas the picture. */
import encode from 'qr'

/** Pixels of one dot in a saved picture. */
const dot = 12

export function save(text: string, name: string): void {
  const rows = encode(text, 'raw', { ecc: 'medium', border: 4 })
  const c = Object.assign(document.createElement('canvas'), { width: rows.length * dot, height: rows.length * dot })
  const g = c.getContext('2d')!
  g.fillStyle = '#fff'
  g.fillRect(0, 0, c.width, c.height)
  g.fillStyle = '#000'
  rows.forEach((row, y) => row.forEach((on, x) => { if (on) g.fillRect(x * dot, y * dot, dot, dot) }))
  const a = Object.assign(document.createElement('a'), { href: c.toDataURL('image/png'), download: `${name}.png` })
  a.click()
}

/** What was made on this device, newest first: WeChat keeps no list of its codes. */
export interface Code { scene: string; url: string; at: number; until?: number }
const key = (channel: number) => `zongji.codes.${channel}`
const most = 60

export function kept(channel: number): Code[] {
  try { return JSON.parse(localStorage.getItem(key(channel)) ?? '[]') as Code[] } catch { return [] }
}
export function keep(channel: number, c: Code): Code[] {
  const list = [c, ...kept(channel).filter((x) => x.scene !== c.scene)].slice(0, most)
  localStorage.setItem(key(channel), JSON.stringify(list))
  return list
}
export function forget(channel: number, scene: string): Code[] {
  const list = kept(channel).filter((x) => x.scene !== scene)
  localStorage.setItem(key(channel), JSON.stringify(list))
  return list
}

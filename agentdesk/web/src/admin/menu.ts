/** The menu below an official account's chat, as WeChat takes it: at most 3 buttons, each may hold 5.
 *  https://developers.weixin.qq.com/doc/offiaccount/Custom_Menus/Creating_Custom-Defined_Menu.html */
export interface Button { name: string; type?: string; key?: string; url?: string; appid?: string; pagepath?: string; sub_button?: Button[] }

/** Kinds that are edited here; others that somebody made elsewhere are kept as they are. */
export const types = ['click', 'view', 'miniprogram'] as const
export const maxTop = 3
export const maxSub = 5
const bytes = (s: string): number => new TextEncoder().encode(s).length

/** Where a button stands: place in the bar, place in its list, -1 for the bar itself. */
export type At = [top: number, sub: number]

export const listOf = (menu: Button[], at: At): Button[] => (at[1] < 0 ? menu : menu[at[0]]?.sub_button ?? [])
export const at = (menu: Button[], [i, j]: At): Button | undefined => (j < 0 ? menu[i] : menu[i]?.sub_button?.[j])

/** The buttons of what the server answers; WeChat leaves empty lists in it. */
export function read(answer: unknown): Button[] {
  const o = answer as { button?: Button[]; menu?: { button?: Button[] } } | Button[] | null
  const list = Array.isArray(o) ? o : o?.button ?? o?.menu?.button ?? []
  const clean = (b: Button): Button => {
    const { sub_button, ...rest } = b
    const sub = (Array.isArray(sub_button) ? sub_button : (sub_button as unknown as { list?: Button[] })?.list ?? []).map(clean)
    return sub.length ? { name: b.name, sub_button: sub } : rest
  }
  return list.map(clean)
}

/** A new button with a key of its own. */
export function fresh(menu: Button[], name: string): Button {
  const used = new Set(menu.flatMap((b) => [b.key, ...(b.sub_button ?? []).map((s) => s.key)]))
  let n = 1
  while (used.has(`menu${n}`)) n++
  return { name, type: 'click', key: `menu${n}` }
}

/** Adds below `top` (in the bar when -1). A button that gets its first child loses what it did itself. */
export function add(menu: Button[], top: number, name: string): At | null {
  if (top < 0) return menu.length < maxTop ? [menu.push(fresh(menu, name)) - 1, -1] : null
  const b = menu[top]
  if (!b || (b.sub_button?.length ?? 0) >= maxSub) return null
  const child = b.sub_button?.length ? fresh(menu, name) : { ...b, name, sub_button: undefined }
  menu[top] = { name: b.name, sub_button: [...(b.sub_button ?? []), JSON.parse(JSON.stringify(child)) as Button] }
  return [top, menu[top].sub_button!.length - 1]
}

export function remove(menu: Button[], where: At): void {
  const [i, j] = where
  if (j < 0) { menu.splice(i, 1); return }
  menu[i]?.sub_button?.splice(j, 1)
  if (menu[i] && !menu[i].sub_button?.length) menu[i] = fresh(menu, menu[i].name)
}

/** Moves within its list; returns where it stands then. */
export function move(menu: Button[], where: At, to: number): At {
  const list = listOf(menu, where)
  const from = where[1] < 0 ? where[0] : where[1]
  if (to < 0 || to >= list.length || to === from) return where
  list.splice(to, 0, list.splice(from, 1)[0]!)
  return where[1] < 0 ? [to, -1] : [where[0], to]
}

/** What WeChat would refuse: i18n admin.menu.bad.<word> by place. */
export function faults(menu: Button[]): { at: At; word: string }[] {
  const out: { at: At; word: string }[] = []
  const check = (b: Button, where: At) => {
    const no = (word: string) => out.push({ at: where, word })
    if (!b.name.trim()) no('name')
    else if (bytes(b.name) > (where[1] < 0 ? 16 : 60)) no(where[1] < 0 ? 'long' : 'longSub')
    if (b.sub_button?.length) return
    if (b.type === 'click' && (!b.key || bytes(b.key) > 128)) no('key')
    if ((b.type === 'view' || b.type === 'miniprogram') && (!/^https?:\/\/\S+$/.test(b.url ?? '') || bytes(b.url ?? '') > 1024)) no('url')
    if (b.type === 'miniprogram' && (!/^wx[0-9a-z]{4,}$/i.test(b.appid ?? '') || !b.pagepath?.trim())) no('page')
  }
  menu.forEach((b, i) => { check(b, [i, -1]); b.sub_button?.forEach((s, j) => check(s, [i, j])) })
  return out
}

/** What is sent: only the fields of each kind. */
export function published(menu: Button[]): Button[] {
  const one = (b: Button): Button => {
    if (b.sub_button?.length) return { name: b.name.trim(), sub_button: b.sub_button.map(one) }
    const { name, type, key, url, appid, pagepath } = b
    if (type === 'click') return { name: name.trim(), type, key }
    if (type === 'view') return { name: name.trim(), type, url }
    if (type === 'miniprogram') return { name: name.trim(), type, url, appid, pagepath }
    return b
  }
  return menu.map(one)
}

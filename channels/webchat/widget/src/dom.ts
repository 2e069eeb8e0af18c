import { pieces } from './core'

type Child = Node | string | null | undefined | false
type Attrs = Record<string, unknown>

const svgNS = 'http://www.w3.org/2000/svg'

/** h makes an element. "test" is its data-testid without "zj-"; functions are listeners; false and undefined leave an attribute out. */
export function h<K extends keyof HTMLElementTagNameMap>(tag: K, attrs: Attrs = {}, ...kids: Child[]): HTMLElementTagNameMap[K] {
  const el = document.createElement(tag)
  if (tag === 'button') el.setAttribute('type', tag) // never "submit" of the page's form
  for (const [k, v] of Object.entries(attrs)) {
    if (typeof v === 'function') el.addEventListener(k, v as EventListener)
    else if (k === 'test') el.dataset.testid = 'zj-' + v
    else if (v !== undefined && v !== false) el.setAttribute(k, v === true ? '' : String(v))
  }
  for (const k of kids) if (k) el.append(k)
  return el
}

/** icon draws one path on a 24 × 24 grid. */
export function icon(path: string): SVGElement {
  const s = document.createElementNS(svgNS, 'svg')
  s.setAttribute('viewBox', '0 0 24 24')
  s.setAttribute('aria-hidden', 'true')
  const p = document.createElementNS(svgNS, 'path')
  p.setAttribute('d', path)
  s.append(p)
  return s
}

export const icons = {
  chat: 'M4 5h16v11H9l-5 4z',
  close: 'M6 6l12 12M18 6L6 18',
  send: 'M12 20V5M5 12l7-7 7 7',
  clip: 'M20 11l-8.5 8.5a5 5 0 0 1-7-7L13 4a3.3 3.3 0 0 1 4.7 4.7l-8.5 8.4a1.7 1.7 0 0 1-2.4-2.4L14.5 7',
  smile: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM8.5 14.5a4.5 4.5 0 0 0 7 0M9 9.5v.5M15 9.5v.5',
  bell: 'M6 17V11a6 6 0 0 1 12 0v6l1.5 1.5h-15zM10 21h4',
  person: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.5 20a7.5 7.5 0 0 1 15 0',
  file: 'M6 3h8l5 5v13H6zM14 3v5h5',
}

/** prose writes foreign text: only text nodes, and links that open elsewhere. */
export function prose(text: string): DocumentFragment {
  const f = document.createDocumentFragment()
  for (const p of pieces(text)) {
    f.append(p.href ? h('a', { href: p.href, target: '_blank', rel: 'noopener noreferrer nofollow' }, p.text) : p.text)
  }
  return f
}

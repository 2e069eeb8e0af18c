/**
 * The condition tree of a rule and its form. The form knows groups (all, any,
 * none, not all of these) and rows; the tree knows all, any, not and tests.
 */
import type { Action, Cond, Rule } from './types'

export type Mode = 'all' | 'any' | 'none' | 'notall'
export interface Row { uid: number; field: string; op: string; value: unknown }
export interface Group { uid: number; mode: Mode; items: Node[] }
export type Node = Group | Row

/** Groups inside groups that the builder offers. */
export const maxDepth = 3

type Kind = 'text' | 'choice' | 'number' | 'bool' | 'list'

/** What may be tested, in the order the builder shows; router/rules checks the same. */
export const fields: Record<string, Kind> = {
  text: 'text', category: 'choice', level: 'number', channel: 'choice', kind: 'choice', lang: 'choice', scene: 'text',
  in_hours: 'bool', hour: 'number', weekday: 'number', reason: 'choice', tags: 'list',
}

const ops: Record<Kind, string[]> = {
  text: ['contains_any', 'starts_with', 'is', 'is_not', 'in', 'matches'],
  choice: ['is', 'is_not', 'in', 'contains_any', 'starts_with', 'matches'],
  number: ['is', 'is_not', 'in', 'gte', 'lte'],
  bool: ['true', 'false'],
  list: ['is', 'is_not', 'in', 'contains_any'],
}

export const opsOf = (field: string): string[] => ops[fields[field] ?? 'choice']

/** Whether the value of (field, op) is several values. */
export const isMany = (op: string): boolean => op === 'in' || op === 'contains_any'

let last = 0
const uid = (): number => ++last

export function isGroup(n: Node): n is Group { return 'items' in n }

export const newRow = (field = 'text'): Row => {
  const op = opsOf(field)[0]!
  return { uid: uid(), field, op, value: emptyValue(field, op) }
}
export const newGroup = (mode: Mode = 'any'): Group => ({ uid: uid(), mode, items: [newRow()] })

export function emptyValue(field: string, op: string): unknown {
  if (isMany(op)) return []
  switch (fields[field]) {
    case 'number': return 0
    case 'bool': return undefined
    default: return ''
  }
}

/** Keeps what can be kept of a value when field or operator change. */
export function fitValue(field: string, op: string, value: unknown): unknown {
  const empty = emptyValue(field, op)
  if (Array.isArray(empty)) return Array.isArray(value) ? value : value === '' || value == null || value === 0 ? [] : [value]
  const one = Array.isArray(value) ? value[0] : value
  return typeof one === typeof empty ? one : empty
}

/** The form of a tree. The root is always a group; an empty one means always. */
export function toForm(c: Cond | undefined): Group {
  const n = c ? node(c) : undefined
  if (!n) return { uid: uid(), mode: 'all', items: [] }
  return isGroup(n) ? n : { uid: uid(), mode: 'all', items: [n] }
}

function node(c: Cond): Node | undefined {
  const group = (mode: Mode, of: Cond[]): Group => ({ uid: uid(), mode, items: of.map(node).filter((n): n is Node => !!n) })
  if (c.all) return group('all', c.all)
  if (c.any) return group('any', c.any)
  if (c.not) return c.not.all ? group('notall', c.not.all) : group('none', c.not.any ?? [c.not])
  return c.field ? { uid: uid(), field: c.field, op: c.op ?? '', value: c.value } : undefined
}

/** The tree of a form: empty groups vanish, a group of one is that one. */
export function toTree(g: Group): Cond {
  return tree(g) ?? {}
}

function tree(n: Node): Cond | undefined {
  if (!isGroup(n)) return n.value === undefined ? { field: n.field, op: n.op } : { field: n.field, op: n.op, value: n.value }
  const of = n.items.map(tree).filter((c): c is Cond => !!c)
  if (of.length === 0) return undefined
  switch (n.mode) {
    case 'all': return of.length === 1 ? of[0] : { all: of }
    case 'any': return of.length === 1 ? of[0] : { any: of }
    case 'none': return { not: of.length === 1 && !of[0]!.all ? of[0] : { any: of } }
    case 'notall': return { not: { all: of } }
  }
}

/** Rows whose value is still empty, so that saving would be refused. */
export function unfinished(n: Node): number[] {
  if (isGroup(n)) return n.items.flatMap(unfinished)
  const v = n.value
  const empty = fields[n.field] !== 'bool' && (v === '' || v == null || (Array.isArray(v) && v.length === 0))
  return empty ? [n.uid] : []
}

/** One line of words for a tree; `word` translates, `name` names a value. */
export function describe(c: Cond | undefined, word: (key: string) => string, name: (field: string, value: unknown) => string): string {
  const n = c && node(c)
  if (!n || (isGroup(n) && n.items.length === 0)) return word('always')
  return say(n, true, word, name)
}

function say(n: Node, top: boolean, word: (key: string) => string, name: (field: string, value: unknown) => string): string {
  if (!isGroup(n)) {
    if (fields[n.field] === 'bool') return `${word(`field.${n.field}`)}${word('gap')}${word(`op.${n.op}`)}`
    const values = (Array.isArray(n.value) ? n.value : [n.value]).map((v) => name(n.field, v))
    return [word(`field.${n.field}`), word(`op.${n.op}`), values.join(word('comma'))].join(word('gap'))
  }
  const inner = n.items.map((i) => say(i, false, word, name)).join(word(n.mode === 'all' || n.mode === 'notall' ? 'and' : 'or'))
  if (n.mode === 'none' || n.mode === 'notall') return `${word('not')}(${inner})`
  return top || n.items.length === 1 ? inner : `(${inner})`
}

/** A rule id that no rule of the table has. */
export function newRule(rules: Rule[], name: string): Rule {
  const taken = new Set(rules.map((r) => r.id))
  let n = rules.length + 1
  while (taken.has(`r${n}`)) n++
  return { id: `r${n}`, name, enabled: true, when: {}, then: {}, stop: true }
}

/** Adds a rule: before the one that gives all the rest a queue, which would be first otherwise and win; else at the end. */
export function placed(rules: Rule[], r: Rule): Rule[] {
  const rest = rules.findIndex((x) => x.enabled && x.then.queue && Object.keys(x.when).length === 0)
  return rest < 0 ? [...rules, r] : rules.toSpliced(rest, 0, r)
}

/** Moves element `from` to `to`; out of range leaves the list as it is. */
export function moved<T>(list: T[], from: number, to: number): T[] {
  if (from < 0 || to < 0 || from >= list.length || to >= list.length) return list
  const out = [...list]
  out.splice(to, 0, ...out.splice(from, 1))
  return out
}

/** An action without its empty parts, as the server stores it. */
export function trimAction(a: Action): Action {
  return Object.fromEntries(Object.entries(a).filter(([, v]) => v && !(Array.isArray(v) && v.length === 0))) as Action
}

export type Change = 'added' | 'removed' | 'changed' | 'moved'
export interface Diff { id: string; name: string; change: Change; parts: ('name' | 'enabled' | 'when' | 'then' | 'stop')[]; before?: Rule; after?: Rule }

/** What changed from one version of the table to another, rule by rule. */
export function diffRules(before: Rule[], after: Rule[]): Diff[] {
  const old = new Map(before.map((r) => [r.id, r]))
  const now = new Set(after.map((r) => r.id))
  const oldOrder = before.filter((r) => now.has(r.id)).map((r) => r.id)
  const newOrder = after.filter((r) => old.has(r.id)).map((r) => r.id)
  const out: Diff[] = before.filter((r) => !now.has(r.id)).map((r) => ({ id: r.id, name: r.name, change: 'removed', parts: [], before: r }))
  for (const r of after) {
    const was = old.get(r.id)
    if (!was) { out.push({ id: r.id, name: r.name, change: 'added', parts: [], after: r }); continue }
    const parts = (['name', 'enabled', 'when', 'then', 'stop'] as const).filter((k) => stable(was[k]) !== stable(r[k]))
    if (parts.length) out.push({ id: r.id, name: r.name, change: 'changed', parts, before: was, after: r })
    else if (oldOrder.indexOf(r.id) !== newOrder.indexOf(r.id)) out.push({ id: r.id, name: r.name, change: 'moved', parts: [], before: was, after: r })
  }
  return out
}

/** JSON with sorted keys: equal for equal values. */
export function stable(v: unknown): string {
  return JSON.stringify(v, (_, x: unknown) =>
    x && typeof x === 'object' && !Array.isArray(x) ? Object.fromEntries(Object.entries(x).sort(([a], [b]) => (a < b ? -1 : 1))) : x) ?? ''
}

import type { Template } from '@/api/types'

/** A template as the channel's account has it: WeChat's own words for it (template/get_all_private_template). */
export interface TemplateForm { id: string; title: string; content: string; form?: string }
/** One thing to fill in: its key at WeChat and the words before it. */
export interface Slot { key: string; label: string }

/** Longest value WeChat takes by the kind in the key's name, characters; thing is the strictest that is common. */
const longest: Record<string, number> = { thing: 20, name: 10, phrase: 5, character_string: 32, number: 32, letter: 32, phone_number: 17, car_number: 8, amount: 20, const: 20 }

/** The slots of a template: "订单号：{{character_string1.DATA}}". */
export function slots(content: string): Slot[] {
  return [...content.matchAll(/([^\n{}]*?)\s*\{\{\s*(\w+)\.DATA\s*\}\}/g)].map(m => ({ key: m[2]!, label: m[1]!.replace(/[:：]\s*$/, '').trim() || m[2]! }))
}

/** How long a slot's value may be, characters; 0 where WeChat names no limit. */
export const slotMax = (key: string): number => longest[key.replace(/\d+$/, '')] ?? 0

export const filled = (f: TemplateForm, values: Record<string, string>, url: string): Template =>
  ({ form: f.form ?? 'template', id: f.id, title: f.title, fields: Object.fromEntries(slots(f.content).map(s => [s.key, (values[s.key] ?? '').trim()])), ...(url.trim() ? { url: url.trim() } : {}) })

/** What a list of templates looks like from the channel: WeChat's field names or ours. */
export function forms(answer: unknown): TemplateForm[] {
  const o = answer as { items?: unknown[]; templates?: unknown[]; template_list?: unknown[] } | null
  return ((o?.items ?? o?.templates ?? o?.template_list ?? []) as Record<string, string>[])
    .map(x => ({ id: x.id ?? x.template_id ?? '', title: x.title ?? '', content: x.content ?? '', form: x.form }))
    .filter(x => x.id)
}

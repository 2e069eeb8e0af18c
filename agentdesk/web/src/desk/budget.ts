import { computed, type ComputedRef } from 'vue'
import { holdFor, held, leftNow, priced, type Left } from './window'
import type { Talk } from './state'

/** What a reply that is being written may do: sent, joined to the last one, or stopped here before the channel refuses it. */
export interface Budget {
  left: Left
  price: { cost: number; joins: boolean }
  /** Seconds that the last message still waits for more text, 0 when none does. */
  waits: number
  blocked: boolean
}

export function useBudget(talk: () => Talk | null, me: () => number, now: () => number, text: () => string, files: () => number): ComputedRef<Budget | null> {
  return computed(() => {
    const t = talk()
    if (!t?.row.window) return null
    const left = leftNow(t.row.window, now())
    const waiting = held(t.row, t.messages, me(), now())
    const price = priced(text(), files(), waiting)
    const waits = waiting ? Math.max(1, Math.ceil((waiting.at + holdFor - now()) / 1000)) : 0
    return { left, price, waits, blocked: !price.joins && (left.left === 0 || price.cost > left.left) }
  })
}

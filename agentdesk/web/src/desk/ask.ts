import type { InjectionKey } from 'vue'

/** Opens one of the page's dialogs from deep within: templates, WeCom's seats, another conversation. */
export type Ask = (what: 'template' | 'seats' | 'open', id?: number) => void
export const askKey: InjectionKey<Ask> = Symbol('ask')

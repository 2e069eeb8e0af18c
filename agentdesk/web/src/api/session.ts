import { reactive } from 'vue'
import type { Login, Me, Perm, User } from './types'

const key = 'zongji.session'

interface Saved { token: string; user: User | null; perms: Perm[] }

/** A new tab copies sessionStorage from its opener, so the `#token=` fragment always wins over what is there. */
function load(): Saved {
  const given = /[#&]token=([^&]+)/.exec(location.hash)?.[1]
  if (given) {
    const s = { token: decodeURIComponent(given), user: null, perms: [] }
    sessionStorage.setItem(key, JSON.stringify(s))
    history.replaceState(history.state, '', location.pathname + location.search)
    return s
  }
  try {
    return JSON.parse(sessionStorage.getItem(key) ?? '') as Saved
  } catch {
    return { token: '', user: null, perms: [] }
  }
}

const onEnd: (() => void)[] = []

/** The session of this tab: each tab may be somebody else. */
export const session = reactive({
  ...load(),
  may(p: Perm): boolean { return session.perms.includes(p) },
  set(l: Pick<Login, 'token' | 'user' | 'perms'>) { Object.assign(session, { token: l.token, user: l.user, perms: l.perms ?? [] }); save() },
  /** Takes what GET /me says, for a token that came alone or whose rights changed. */
  know(me: Pick<Me, 'user' | 'perms'>) { Object.assign(session, { user: me.user, perms: me.perms ?? [] }); save() },
  clear() { Object.assign(session, { token: '', user: null, perms: [] }); sessionStorage.removeItem(key) },
  /** The server does not know the token any longer. Unsent messages stay. */
  ended() { session.clear(); onEnd.forEach(fn => fn()) },
  onEnd(fn: () => void) { onEnd.push(fn) },
})

function save() {
  sessionStorage.setItem(key, JSON.stringify({ token: session.token, user: session.user, perms: session.perms }))
}

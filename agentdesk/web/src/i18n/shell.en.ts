export default {
  app: { name: 'Zongji', tagline: 'One line to every customer' },
  nav: { desk: 'Desk', wall: 'Wall', admin: 'Admin', me: 'Preferences', demo: 'Demo' },
  ui: {
    colon: ': ', save: 'Save', cancel: 'Cancel', ok: 'OK', delete: 'Delete', edit: 'Edit', add: 'Add', close: 'Close', retry: 'Try again', search: 'Search',
    loading: 'Loading…', empty: 'Nothing here yet', failed: 'Could not load', more: 'Load more', saved: 'Saved', copy: 'Copy', copied: 'Copied',
    back: 'Back', yes: 'Yes', no: 'No', none: 'None', all: 'All', logout: 'Log out', theme: 'Appearance', light: 'Light', dark: 'Dark', auto: 'System',
    language: 'Language', noRight: 'You may not open this page', notFound: 'There is no such page', stats: '{n} in all',
  },
  state: {
    label: 'State', ready: 'Ready', break: 'Break', unanswered: 'Not answering', offline: 'Offline', for: 'for {t}',
    lunch: 'Lunch', meeting: 'Meeting', training: 'Training', rest: 'Rest', other: 'Other',
    load: 'Load {load}/{capacity}', toReady: 'Go back to ready', unansweredHint: 'Two offers went unanswered; no new ones come until you are ready',
  },
  conn: {
    connecting: 'Connecting…', waiting: 'Connection lost, next try in {s} s', unavailable: 'Storage is down: read-only until it is back. Nothing unsent is lost (next try in {s} s)',
    replaced: 'This tab was opened elsewhere', denied: 'The connection was refused: open the desk at its own address', ended: 'Your session ended, please log in again', now: 'Connect now', here: 'Use it here',
  },
  login: {
    title: 'Log in to Zongji', login: 'Login', password: 'Password', submit: 'Log in', welcome: 'Welcome back',
    show: 'Show password', hide: 'Hide password',
    setupTitle: 'First start', setupHint: 'Enter the one-time code from the start log to create the first administrator.', code: 'Setup code', name: 'Name', create: 'Create administrator and go in',
    weak: 'At least 8 characters', done: 'Already set up, please log in',
  },
  me: {
    title: 'Preferences', profile: 'Profile', password: 'Change password', old: 'Current password', new: 'New password', again: 'Repeat it', differ: 'The two differ', changed: 'Password changed',
    desk: 'Desk', sound: 'Sound for new conversations', volume: 'Volume', test: 'Play', notify: 'Browser notifications', notifyOff: 'The browser blocks notifications: allow them in the site settings beside the address',
    notifyAsk: 'Turn on', notifyOn: 'On', send: 'Sending', enter: 'Enter sends, Shift+Enter is a new line', ctrl: 'Ctrl+Enter sends, Enter is a new line',
    role: 'Role', login: 'Login', nick: 'Name customers see', skills: 'Skills', capacity: 'Capacity', density: 'List density', roomy: 'Roomy', dense: 'Dense',
  },
  role: { admin: 'Administrator', supervisor: 'Supervisor', agent: 'Agent', auditor: 'Auditor' },
  time: { now: 'just now', s: '{n} s', m: '{n} min', h: '{n} h', d: '{n} d', today: 'Today', yesterday: 'Yesterday' },
  errors: {
    fallback: 'Something went wrong: {text}', internal: 'The server failed, please try again later', unavailable: 'The service is down, please try again later', offline: 'The server cannot be reached, check the network', timeout: 'The server did not answer, please try again',
    bad_login: 'Wrong login or password', try_later: 'Too many tries, please wait', unauthenticated: 'Your session ended, please log in again', denied: 'You may not do this', http_403: 'You may not do this', http_404: 'Not found', http_401: 'Please log in',
    not_owner: 'The conversation is no longer yours', offer_taken: 'Somebody else took it', offer_over: 'The offer ended', over_capacity: 'You are at capacity: finish something first', no_conversation: 'No such conversation, or not yours to see',
    unknown_field: 'Unknown field in the request', version_moved: 'Somebody else changed it: reload, then edit', too_large: 'The file is too large', type_not_allowed: 'This type of file is not allowed', bad_code: 'Wrong setup code', setup_done: 'Already set up',
    bad_password: 'The current password is wrong', weak_password: 'This password is too weak', closed: 'The conversation is closed', too_long: 'Too long', empty: 'Nothing to send', rate: 'Too fast, please wait', not_queued: 'The conversation does not wait any longer', invalid: 'Some fields are wrong', conflict: 'It changed meanwhile, please reload',
    not_assigned: 'The conversation is not being served', agent_away: 'This agent cannot take it now', too_many: 'Too many, please wait', slow: 'The network is too slow, reconnecting',
    bad_scene: 'Not a source that WeChat takes', bad_menu: 'Not a menu that WeChat takes', bad_aes_key: 'Wrong EncodingAESKey', missing_settings: 'Settings are missing', kf_ended: 'The session is over: only the customer can open it again', no_deed: 'This channel cannot do that', window_closed: 'The reply window is closed: nothing was sent', quota_used: 'Not enough messages left: nothing was sent',
  },
}

export default {
  tab: { mine: 'Mine', waiting: 'Waiting', team: 'Team', closed: 'Closed' },
  list: {
    label: 'Conversations', search: 'Search conversations, messages, customers', emptyMine: 'No conversations now', emptyMineHint: 'Stay ready: new ones will be offered to you', emptyMineOff: 'Switch to ready to begin',
    emptyWaiting: 'Nobody is waiting', emptyTeam: 'Your colleagues have none', emptyClosed: 'Nothing closed yet', bot: 'Bot', you: 'Me', agent: 'Agent', system: 'System', image: '[picture]', file: '[file]',
    draft: '[draft]', typing: 'is typing…', unsent: '[not sent]', parked: 'Parked', wrapup: 'Wrap-up', waits: 'waits {t}', jump: 'Alt+{n}', visitor: 'Visitor',
  },
  level: { 0: 'Standard', 1: 'Silver', 2: 'Gold', 3: 'Diamond' },
  status: { bot: 'With the bot', queued: 'Waiting', assigned: 'Being served', wrapup: 'Wrap-up', parked: 'Parked', closed: 'Closed' },
  kind: { webchat: 'Web', email: 'Mail', wechat: 'WeChat', wecom: 'WeCom' },
  head: { nobody: 'Choose a conversation on the left', nobodyHint: 'Press ? for shortcuts', owner: 'Served by {name}', since: 'Began {t}', panel: 'Customer', export: 'Export', html: 'Web page (HTML)', txt: 'Plain text', json: 'JSON', gone: 'No such conversation, or not yours to see', more: 'More' },
  act: {
    take: 'Take', takeover: 'Take over', transfer: 'Transfer', park: 'Park', wrapup: 'End service', finish: 'Write the wrap-up', close: 'Close', tags: 'Tags', addTag: 'Add a tag',
    takeoverAsk: '{name} is serving this conversation. Take it over?', done: 'Conversation closed', taken: 'Taken', transferred: 'Transferred', parked: 'Parked until {t}',
  },
  line: {
    routed: 'Handed over: {reason} → {queue}', requeued: 'Waits again: {reason} → {queue}', unroutable: 'Nobody can take it now: {reason}', assigned: '{name} {how} after {wait}', parked: 'Parked ({why}) until {t}', wrapup: 'Service ended, wrap-up begins', closed: 'Closed ({how})',
    reopened: 'The customer wrote again: reopened', rated: 'The customer gave {stars} stars', feedbackGood: 'Customer: solved', feedbackBad: 'Customer: not solved', note: 'Note: {text}', tagged: 'Tags: {tags}', contact: 'Customer profile changed',
  },
  reason: {
    max_offers: 'nobody accepted', nobody: 'no agent has what it needs', asked_human: 'the customer asked for a person', low_score: 'the bot was not sure', no_answer: 'no answer in the knowledge base', unsolved: 'the answer did not help', rule: 'a routing rule', transfer: 'transfer', reopened: 'reopened', lost_agent: 'the agent was lost', after_hours: 'outside hours', no_bot: 'no bot on this channel', repeat: 'would repeat itself', greeting: 'a greeting', customer: 'waits for the customer', declined: 'declined', lapsed: 'not answered',
  },
  how: { offer: 'accepted', auto: 'got it automatically', pull: 'took it', takeover: 'took it over', transfer: 'took the transfer', resume: 'goes on', agent: 'by the agent', idle: 'customer silent', solved: 'solved', customer: 'by the customer', wrapup_timeout: 'wrap-up timed out' },
  msg: {
    bot: 'Bot', system: 'System', note: 'Internal note', showAnswer: 'Show the answer', hideAnswer: 'Fold', score: '{n}% match', faq: 'FAQ', options: 'Asked back', pressed: 'chose', rateAsk: 'The customer was asked to rate',
    failed: 'Not sent', resend: 'Send again', unknown: 'May be sent twice: it is not known whether it arrived', withdrawn: 'Withdrawn', pending: 'Waiting to be sent', sent: 'Sent', delivered: 'Delivered', read: 'Read', sending: 'Sending…', retry: 'Try again', drop: 'Discard',
    newBelow: '{n} new', bottom: 'To the end', older: 'Loading earlier messages…', start: 'Start of the conversation', image: 'Picture', copy: 'Copy', copied: 'Copied', previous: 'See the conversation before', typing: '{name} is typing',
  },
  compose: {
    placeholder: 'Write a reply, / for quick replies', placeholderNote: 'Internal note, the customer never sees it', send: 'Send', note: 'Note', noteOn: 'Writing an internal note', file: 'Picture or file', emoji: 'Emoji', quick: 'Quick replies', over: '{n} characters too many', left: '{n} characters left',
    drop: 'Drop to add', uploading: 'Uploading {n}%', remove: 'Remove', tooMany: 'At most 9 files at once', tooLarge: '{name} is over 20 MB', unfilledTitle: 'Not everything is filled in', unfilled: '{list} is not filled in. Send all the same?', sendAnyway: 'Send anyway', goFill: 'Fill in',
    quickNone: 'No quick reply fits', quickHint: '↑↓ choose, Enter inserts, Esc closes', readOnly: 'Storage is down: read-only until it is back; your draft is kept', enterHint: 'Enter sends', ctrlHint: 'Ctrl+Enter sends', types: 'Customer is typing',
    ro: { queued: 'The customer waits: take the conversation to answer', bot: 'With the bot: take it to answer', parked: 'The conversation is parked', wrapup: 'Service ended: write the wrap-up', closed: 'Closed, read-only', other: '{name} serves it; you may write a note', view: 'You may only read' },
  },
  panel: {
    title: 'Customer', phone: 'Phone', email: 'Mail', reveal: 'Show', revealWhy: 'Why? (this is logged)', revealed: 'Logged', lang: 'Language', since: 'First seen', verified: 'Verified identity', page: 'Page', attrs: 'Details', note: 'Note', noteHint: 'All agents see it', history: 'Earlier conversations', noHistory: 'None before',
    bot: 'What the bot did', noBot: 'The bot took no part', decisions: 'How it was routed', noDecisions: 'Not routed yet', tags: 'Tags', conv: 'This conversation', queue: 'Queue', channel: 'Channel', waited: 'Waited', first: 'First answer', category: 'Category', summary: 'Summary', stars: 'Rating', rules: 'Rules v{v}', fired: 'fired', notFired: 'did not fire', blocked: 'Blocked', closeHistory: 'Back to the current one', edit: 'Edit profile', name: 'Name', level: 'Level', handedOver: 'Handed over because', query: 'Customer said', why: 'Why', candidates: 'Candidates', demand: 'Demand', saved: 'Saved',
  },
  bot: { answer: 'Answered', ask: 'Asked back', handover: 'Handed over', greet: 'Greeted', silent: 'Kept silent' },
  dec: {
    others: '{n} other rules did not apply', queue: 'to {a}', plus: '{a} points', needs: 'needs {a} ≥ {b}', prefers: 'prefers {a} ≥ {b}', speaks: 'language {a}', tags: 'tags {a}', noBot: 'no bot', units: '{a} units',
    routed: 'Routed', requeued: 'Waits again', offered: 'Offered to {name}', declined: '{name} declined', lapsed: '{name} did not answer', assigned: '{name} has it', unroutable: 'Nobody can take it', points: 'Priority is now {n}', any: 'any agent', skill: '{s} ≥ {l}', p1: 'urgent', points2: '{n} points', inHours: 'within hours', outHours: 'outside hours',
    chosen: 'fits', why: { offline: 'offline', break: 'on a break', unanswered: 'not answering', full: 'full', excluded: 'excluded', queue: 'does not serve the queue', just_declined: 'just declined', lang: 'other language', team: 'other team', only: 'meant for somebody else', reserved: 'reserved' }, whySkill: 'lacks {s}',
  },
  offer: { title: 'New conversation', accept: 'Accept', decline: 'Decline', why: 'Why not', busy: 'Busy', skill: 'Not my field', private: 'Conflict of interest', other: 'Other', waits: 'waits {t}', queue: '{queue}', lost: 'gone: {how}', taken: 'Somebody else took it', withdrawn: 'The offer was withdrawn', lapsed: 'The offer was not answered in time', enter: 'Enter accepts', more: '{n} more' },
  transfer: { title: 'Transfer', agents: 'Agents', queues: 'Queues', note: 'For whoever takes it', notePh: 'The problem, what was done, what comes next…', submit: 'Transfer', search: 'Name or queue', free: '{n} free', full: 'full', waiting: '{n} waiting', none: 'Nobody to choose', you: '(me)' },
  park: { title: 'Park until', hint: 'It comes back to you then, or at once when the customer writes', m30: '30 minutes', h2: '2 hours', tomorrow: 'tomorrow 09:00', custom: 'Choose', submit: 'Park' },
  wrapup: { title: 'Wrap-up', category: 'Category', categoryPh: 'Choose or type a category', summary: 'Summary', summaryPh: 'The problem and its outcome in a sentence', ask: 'Ask the customer to rate', submit: 'Save and close', left: 'closes by itself in {t}', needCategory: 'Choose a category', service: 'End service and write the wrap-up', back: 'Go on serving' },
  search: { title: 'Search', ph: 'Type a word', all: 'All', conversations: 'Conversations', messages: 'Messages', contacts: 'Customers', none: 'Nothing found for “{q}”', hint: 'Type at least one character', enter: '↑↓ choose, Enter opens' },
  keys: { title: 'Shortcuts', list: 'move in the list', nth: 'open the nth conversation', search: 'search', slash: 'quick replies', send: 'send', newline: 'new line', note: 'note or reply', decline: 'Decline the offer (with a reason)', take: 'Take the conversation', transfer: 'Transfer', park: 'Park', wrapup: 'End service', submit: 'Submit the wrap-up or transfer', accept: 'accept the offer', tab: 'next open variable', panel: 'show or hide the customer', help: 'this help', next: 'next unread conversation', esc: 'close a dialog' },
  alert: { offer: 'New conversation: {name}', message: '{name} wrote', title: '({n} new) ', offerTitle: '(New conversation) ' },
}

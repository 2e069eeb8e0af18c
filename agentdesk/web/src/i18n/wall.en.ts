export default {
  title: 'Wall', full: 'Full screen', exit: 'Leave full screen', waiting: '{n} waiting', staff: '{ready} ready · {away} away · {online} here', stale: 'Figures of {t}, reconnecting', queues: 'Queues', agents: 'Agents', curve: 'Today', all: 'All', noQueues: 'No queues yet', noAgents: 'No agents',
  waits: 'waiting', longest: 'longest', nobody: 'nobody ready', expected: 'expect {t}', ready: '{ready}/{online} ready', dayOf: '{n} today', serving: '{n} served', chats: '{n} chats', took: '{n} today', setState: 'Change the state of {name}', set: '{name} is now: {state}', yesterday: 'against yesterday at this time',
  total: { arrived: 'Conversations', alone: 'Bot alone', handed: 'Handed over', taken: 'Taken', wait: 'Median wait', closed: 'Closed', stars: 'Stars' },
  line: { arrived: 'arrived', answered: 'bot answers', handed: 'handed over', closed: 'closed', wait: 'median wait' },
}

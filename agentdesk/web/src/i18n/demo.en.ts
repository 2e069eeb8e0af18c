export default {
  title: 'Zongji demo', subtitle: 'Left: the shop as customers see it. Right: the agents’ desk', restarting: 'Restarting…', none: 'No demo runs here', noneHint: 'Start it by zongji demo (or make run), then open this page again', shop: 'Customer: Yunqiao shop', shopHint: 'Press the bubble at the bottom right', desk: 'Desk', reload: 'Another customer', opening: 'Logging in…',
  roles: 'Roles', rolesHint: 'Press to log in at the right, ↗ for a new tab', noRoles: 'Reading the demo accounts…', newTab: 'open in a new tab',
  play: { title: 'Play customers', hint: 'recorded, through real sockets', start: 'Play customers', stop: 'Stop', of: '{done} / {total}', first: 'easy ones, hard ones, angry ones', end: { solved: 'bot solved', served: 'served', waiting: 'not reached', left: 'left' } },
  history: { title: '30 days of history', there: '{n} conversations', none: 'not loaded', removing: 'Removing…', failed: 'failed: see the log', remove: 'Remove', load: 'Load' },
  break: { title: 'Break it', hint: 'nothing acknowledged is lost or doubled', acked: 'Acknowledged', lost: 'Lost', doubled: 'Doubled', flush: 'Flush Redis', flushMemory: 'Flush the bus', memory: 'memory', kill: 'Kill the process', facts: '{kills} kills · {flushes} flushes · last start {ms} ms · bus {bus}' },
  phone: {
    open: 'WeChat phone', title: 'A phone with WeChat', subtitle: 'Write as a customer on WeChat; see its rules and refusals', who: 'I am', another: 'Somebody else', where: 'Open account', counts: 'What WeChat counts', left: 'may be written to me', until: 'until {t}', used: 'All used: WeChat refuses the next', closed: 'No window is open: WeChat refuses the next', shut: 'WeChat refuses the next now', jump: 'Skip 48 hours', ahead: 'WeChat’s clock is {n} hours ahead', more: 'I can also', scan: 'scan {s}', follow: 'Follow the account', unfollow: 'Unfollow', consent: 'Allow one “{s}”', enter: 'Enter the service chat', enterAgain: 'Enter again', byScene: 'By code or link: {s}', seatTake: 'A WeCom seat takes me', seatEnd: 'The WeCom seat ends', block: 'Refuse messages', unblock: 'Take messages again', member: 'Link my membership', took: 'The callback took {ms} ms', refused: 'WeChat refused', noneRefused: 'Nothing yet',
    state: { 0: 'Not handled', 1: 'Served by this desk', 2: 'In WeCom’s pool', 3: 'Served by a WeCom seat', 4: 'Session ended' }, settings: 'Person and account', typing: 'typing…', gate: { oa: 'You do not follow this account yet', mini: 'Press “contact us” in the mini program', kf: 'Enter by a service link' }, placeholder: 'Message', toMenu: 'Menu', toKeys: 'Keyboard', plus: 'More', recall: 'Take back', recalled: 'Message taken back', servicer: 'WeCom seat', mini: 'Mini program',
    did: { follow: 'You followed the account {what}', unfollow: 'You unfollowed', scan: 'You scanned {what}', click: 'You pressed “{what}”', view: 'You opened {what}', enter: 'You entered {what}', other: '{what}' }, thing: { picture: 'Album', sample: 'Sample picture', voice: 'Voice', video: 'Video', location: 'Place', file: 'File', link: 'Link', card: 'Mini program card' },
    voiceSays: 'Hello, when will my order be sent?', place: '158 North Caoxi Road, Shanghai', linkTitle: 'Refrigerator BCD-230', linkText: 'Quiet, saves energy, delivered', cardTitle: 'Order details',
  },
  tour: {
    open: 'Tour', next: 'Next', back: 'Back', end: 'Done',
    1: { title: 'Be a customer.', text: 'Press the bubble in the shop at the left and ask “怎么申请退货”: the bot answers.' },
    2: { title: 'Ask something hard.', text: 'When it is not sure it offers choices; press “Talk to a person”.' },
    3: { title: 'Be the agent.', text: 'An offer rings at the right: accept. Write both ways, send a picture, watch delivered and read.' },
    4: { title: 'Work in two.', text: 'Press ↗ of a role to be another agent in a new tab, and transfer the conversation with a note.' },
    5: { title: 'Let them come.', text: 'Choose 10×, play customers, and look at the wall as supervisor.' },
    6: { title: 'Break it.', text: 'While they play, flush Redis and kill the process: lost and doubled stay 0.' },
    7: { title: 'Make it yours.', text: 'As administrator change knowledge, rules and the look of the channel: live within 2 seconds.' },
  },
}

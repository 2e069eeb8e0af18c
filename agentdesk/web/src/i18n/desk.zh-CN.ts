export default {
  tab: { mine: '我的', waiting: '排队', team: '团队', closed: '已结束' },
  list: {
    label: '会话列表', search: '搜索会话、消息、客户', emptyMine: '当前没有会话', emptyMineHint: '保持“就绪”，新会话会自动邀请您', emptyMineOff: '切换到“就绪”开始接待',
    emptyWaiting: '没有客户在排队', emptyTeam: '同事名下没有会话', emptyClosed: '还没有已结束的会话', bot: '机器人', you: '我', agent: '坐席', system: '系统', image: '[图片]', file: '[文件]',
    draft: '[草稿]', typing: '正在输入…', unsent: '[未发出]', parked: '已搁置', wrapup: '待小结', waits: '已等 {t}', jump: 'Alt+{n}', visitor: '访客',
  },
  level: { 0: '普通', 1: '银', 2: '金', 3: '钻' },
  status: { bot: '机器人接待', queued: '排队中', assigned: '服务中', wrapup: '小结中', parked: '已搁置', closed: '已结束' },
  kind: { webchat: '网页', email: '邮件', wechat: '微信', wecom: '企业微信' },
  head: { nobody: '从左侧选择一个会话', nobodyHint: '按 ? 查看快捷键', owner: '由 {name} 接待', since: '开始于 {t}', panel: '客户资料', export: '导出会话', html: '网页（HTML）', txt: '纯文本', json: 'JSON', gone: '会话不存在，或已不在您的权限内', more: '更多操作' },
  act: {
    take: '接起', takeover: '接管', transfer: '转接', park: '搁置', wrapup: '结束服务', finish: '填写小结', close: '结束会话', tags: '标签', addTag: '添加标签',
    takeoverAsk: '该会话由 {name} 接待中，确定接管？', done: '会话已结束', taken: '已接起', transferred: '已转出', parked: '已搁置到 {t}',
  },
  line: {
    routed: '转人工：{reason} → {queue}', requeued: '重新排队：{reason} → {queue}', unroutable: '暂时无人可接：{reason}', assigned: '{name} {how}，等待 {wait}', parked: '搁置（{why}），{t} 到期', wrapup: '服务结束，进入小结', closed: '会话结束（{how}）',
    reopened: '客户再次来信，会话重新打开', rated: '客户评价 {stars} 星', feedbackGood: '客户反馈：解决了', feedbackBad: '客户反馈：没解决', note: '留言：{text}', tagged: '标签：{tags}', contact: '客户资料已更新',
  },
  reason: {
    max_offers: '多次派单无人接', nobody: '没有符合条件的坐席', asked_human: '客户要求人工', low_score: '机器人把握不足', no_answer: '知识库没有答案', unsolved: '客户反馈没解决', rule: '命中路由规则', transfer: '转接', reopened: '会话重开', lost_agent: '坐席掉线', after_hours: '非工作时间', no_bot: '渠道未启用机器人', repeat: '避免重复回答', greeting: '问候', customer: '等客户回复', declined: '被拒绝', lapsed: '未应答',
  },
  how: { offer: '接受邀请', auto: '自动接起', pull: '主动接起', takeover: '接管', transfer: '接收转接', resume: '继续服务', agent: '坐席结束', idle: '客户长时间未回复', solved: '客户已解决', customer: '客户结束', wrapup_timeout: '小结超时' },
  msg: {
    bot: '机器人', system: '系统', note: '内部备注', showAnswer: '展开回答', hideAnswer: '收起', score: '匹配 {n}%', faq: '标准问', options: '反问候选', pressed: '点选', rateAsk: '已邀请客户评价',
    failed: '发送失败', resend: '重新发送', unknown: '可能重复：不确定对方是否收到', withdrawn: '已撤回', pending: '等待发送', sent: '已发送', delivered: '已送达', read: '已读', sending: '发送中…', retry: '重试', drop: '放弃',
    newBelow: '{n} 条新消息', bottom: '回到底部', older: '加载更早的消息…', start: '会话开始', image: '图片', copy: '复制', copied: '已复制', previous: '查看上一段会话', typing: '{name} 正在输入',
  },
  compose: {
    placeholder: '输入回复，按 / 使用快捷回复', placeholderNote: '内部备注，客户看不到', send: '发送', note: '备注', noteOn: '正在写内部备注', file: '图片或文件', emoji: '表情', quick: '快捷回复', over: '超出 {n} 字', left: '还可输入 {n} 字',
    drop: '松开即可添加', uploading: '上传中 {n}%', remove: '移除', tooMany: '一次最多 9 个文件', tooLarge: '{name} 超过 20 MB', unfilledTitle: '还有未填写的内容', unfilled: '消息中还有 {list} 没有填写，仍要发送吗？', sendAnyway: '仍要发送', goFill: '去填写',
    quickNone: '没有匹配的快捷回复', quickHint: '↑↓ 选择，Enter 插入，Esc 关闭', readOnly: '存储暂不可用，恢复前只读；草稿已保存', enterHint: 'Enter 发送', ctrlHint: 'Ctrl+Enter 发送', types: '客户正在输入',
    ro: { queued: '客户在排队，接起后才能回复', bot: '机器人接待中，接起后才能回复', parked: '会话已搁置', wrapup: '服务已结束，请填写小结', closed: '会话已结束，只读', other: '由 {name} 接待，您可以写备注', view: '您只有查看权限' },
  },
  panel: {
    title: '客户', phone: '电话', email: '邮箱', reveal: '查看', revealWhy: '查看原因（将记录）', revealed: '已记录本次查看', lang: '语言', since: '首次来访', verified: '已验证身份', page: '所在页面', attrs: '其他资料', note: '客户备注', noteHint: '所有坐席可见', history: '历史会话', noHistory: '没有更早的会话',
    bot: '机器人记录', noBot: '机器人没有参与', decisions: '分配过程', noDecisions: '还没有分配记录', tags: '标签', conv: '本次会话', queue: '队列', channel: '渠道', waited: '等待', first: '首次响应', category: '分类', summary: '小结', stars: '评价', rules: '规则 v{v}', fired: '命中', notFired: '未命中', blocked: '已拉黑', closeHistory: '返回当前会话', edit: '编辑资料', name: '姓名', level: '级别', handedOver: '转人工原因', query: '客户说', why: '原因', candidates: '候选坐席', demand: '要求', saved: '已保存',
  },
  bot: { answer: '回答', ask: '反问', handover: '转人工', greet: '问候', silent: '未回应' },
  dec: {
    others: '其余 {n} 条规则未命中', queue: '进入 {a}', plus: '优先分 {a}', needs: '需要 {a}≥{b}', prefers: '偏好 {a}≥{b}', speaks: '语言 {a}', tags: '标签 {a}', noBot: '不经机器人', units: '占用 {a}',
    routed: '决定分配', requeued: '重新排队', offered: '邀请 {name}', declined: '{name} 拒绝', lapsed: '{name} 未应答', assigned: '{name} 接起', unroutable: '暂时无人可接', points: '优先级变为 {n}', any: '任意坐席', skill: '技能 {s}≥{l}', p1: '紧急', points2: '优先分 {n}', inHours: '工作时间内', outHours: '工作时间外',
    chosen: '符合', why: { offline: '不在线', break: '小休中', unanswered: '未应答', full: '已满', excluded: '被排除', queue: '不服务该队列', just_declined: '刚拒绝过', lang: '语言不符', team: '不在该组', only: '指定了他人', reserved: '已预留' }, whySkill: '缺少技能 {s}',
  },
  offer: { title: '新会话邀请', accept: '接起', decline: '拒绝', why: '拒绝原因', busy: '正忙', skill: '不擅长', private: '需要回避', other: '其他', waits: '已等 {t}', queue: '{queue}', lost: '已被 {how}', taken: '该会话已被其他坐席接起', withdrawn: '邀请已撤回', lapsed: '邀请超时未应答', enter: 'Enter 接起', more: '还有 {n} 个邀请' },
  transfer: { title: '转接会话', agents: '坐席', queues: '队列', note: '给下一位的说明', notePh: '客户的问题、已做的处理、下一步…', submit: '转接', search: '搜索姓名或队列', free: '空闲 {n}', full: '已满', waiting: '{n} 人在等', none: '没有可选的对象', you: '（我）' },
  park: { title: '搁置到', hint: '到期后会话回到您名下提醒；客户回复时立即回来', m30: '30 分钟', h2: '2 小时', tomorrow: '明天 09:00', custom: '自定义', submit: '搁置' },
  wrapup: { title: '小结', category: '分类', categoryPh: '选择或输入分类', summary: '小结', summaryPh: '一句话说明问题和处理结果', ask: '邀请客户评价', submit: '提交并结束', left: '{t} 后自动结束', needCategory: '请选择分类', service: '结束服务并填写小结', back: '继续服务' },
  search: { title: '搜索', ph: '输入关键词', all: '全部', conversations: '会话', messages: '消息', contacts: '客户', none: '没有找到“{q}”', hint: '至少输入 1 个字', enter: '↑↓ 选择，Enter 打开' },
  keys: { title: '快捷键', list: '在列表中移动', nth: '打开第 n 个会话', search: '搜索', slash: '快捷回复', send: '发送', newline: '换行', note: '备注/回复切换', accept: '接起邀请', decline: '拒绝邀请（选原因）', take: '接起/接管会话', transfer: '转接', park: '搁置', wrapup: '结束服务', submit: '提交小结或转接', tab: '跳到下一个未填变量', panel: '显示/隐藏客户资料', help: '显示此帮助', next: '下一个未读会话', esc: '关闭弹窗' },
  alert: { offer: '新会话邀请：{name}', message: '{name} 发来消息', title: '【{n} 条新消息】', offerTitle: '【新会话邀请】' },
}

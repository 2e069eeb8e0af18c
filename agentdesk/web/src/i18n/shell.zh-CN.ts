export default {
  app: { name: '总机', tagline: '一条线接起每位客户' },
  nav: { desk: '工作台', wall: '大屏', admin: '管理', me: '个人设置', demo: '演示' },
  ui: {
    colon: '：', save: '保存', cancel: '取消', ok: '确定', delete: '删除', edit: '编辑', add: '新增', close: '关闭', retry: '重试', search: '搜索',
    loading: '加载中…', empty: '暂无内容', failed: '加载失败', more: '加载更多', saved: '已保存', copy: '复制', copied: '已复制',
    back: '返回', yes: '是', no: '否', none: '无', all: '全部', logout: '退出登录', theme: '外观', light: '浅色', dark: '深色', auto: '跟随系统',
    language: '语言', noRight: '您没有打开此页的权限', notFound: '没有这个页面', stats: '共 {n} 条',
  },
  state: {
    label: '状态', ready: '就绪', break: '小休', unanswered: '未应答', offline: '离线', for: '已 {t}',
    lunch: '用餐', meeting: '会议', training: '培训', rest: '休息', other: '其他',
    load: '占用 {load}/{capacity}', toReady: '点此恢复就绪', unansweredHint: '连续两次未应答，已暂停派单',
  },
  conn: {
    connecting: '正在连接…', waiting: '连接已断开，{s} 秒后重连', unavailable: '存储暂不可用，当前只读；恢复后自动继续，未发出的内容不会丢失（{s} 秒后重试）',
    replaced: '此标签页已在别处打开', denied: '连接被拒绝：请通过正确的地址访问', ended: '登录已失效，请重新登录', now: '立即重连', here: '在这里使用',
  },
  login: {
    title: '登录总机', login: '账号', password: '密码', submit: '登录', welcome: '欢迎回来',
    show: '显示密码', hide: '隐藏密码',
    setupTitle: '首次设置', setupHint: '请输入启动日志中的一次性设置码，创建第一位管理员。', code: '设置码', name: '姓名', create: '创建管理员并进入',
    weak: '密码至少 8 个字符', done: '已经设置过，请直接登录',
  },
  me: {
    title: '个人设置', profile: '资料', password: '修改密码', old: '当前密码', new: '新密码', again: '再输一次', differ: '两次输入不一致', changed: '密码已修改',
    desk: '工作台偏好', sound: '新会话提示音', volume: '音量', test: '试听', notify: '浏览器通知', notifyOff: '浏览器已禁止通知，请在地址栏的网站设置里允许',
    notifyAsk: '开启通知', notifyOn: '已开启', send: '发送方式', enter: 'Enter 发送，Shift+Enter 换行', ctrl: 'Ctrl+Enter 发送，Enter 换行',
    role: '角色', login: '账号', nick: '对客昵称', skills: '技能', capacity: '同时接待', density: '列表密度', roomy: '宽松', dense: '紧凑',
  },
  role: { admin: '管理员', supervisor: '主管', agent: '坐席', auditor: '审计' },
  time: { now: '刚刚', s: '{n} 秒', m: '{n} 分钟', h: '{n} 小时', d: '{n} 天', today: '今天', yesterday: '昨天' },
  errors: {
    fallback: '出错了：{text}', internal: '服务器内部错误，请稍后再试', unavailable: '服务暂不可用，请稍后再试', offline: '无法连接服务器，请检查网络', timeout: '服务器没有回应，请重试',
    bad_login: '账号或密码不正确', try_later: '尝试次数过多，请稍后再试', unauthenticated: '登录已失效，请重新登录', denied: '没有权限', http_403: '没有权限', http_404: '找不到', http_401: '请先登录',
    not_owner: '会话已不在您名下', offer_taken: '已被其他坐席接起', offer_over: '邀请已结束', over_capacity: '已达接待上限，请先结束一些会话', no_conversation: '没有这个会话，或不在您的权限内',
    unknown_field: '请求中有未知字段', version_moved: '已被他人修改，请刷新后再改', too_large: '文件太大', type_not_allowed: '不支持这种文件', bad_code: '设置码不正确', setup_done: '已经设置过',
    bad_password: '当前密码不正确', weak_password: '密码太简单', closed: '会话已结束', too_long: '内容太长', empty: '内容为空', rate: '操作太快，请稍候', not_queued: '会话已不在排队', invalid: '填写有误', conflict: '状态已变化，请刷新',
    not_assigned: '会话不在接待中', agent_away: '该坐席当前不可接待', too_many: '次数过多，请稍候', slow: '网络太慢，正在重连',
    bad_scene: '来源标识不合要求', bad_menu: '菜单不合微信的要求', bad_aes_key: 'EncodingAESKey 不正确', missing_settings: '设置不完整', kf_ended: '会话已结束，客户再次发言后才能回复', no_deed: '这个渠道不支持此操作', window_closed: '回复窗口已关闭，消息没有发出', quota_used: '可发条数不够，消息没有发出',
  },
}

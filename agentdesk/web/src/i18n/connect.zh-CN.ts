/** Connecting channels: the wizard, health, menus, codes. */
export default {
  connect: {
    title: '接入渠道', step: { kind: '选择类型', values: '填写信息', test: '配置与测试', done: '完成' }, saved: '已保存', change: '更换', keep: '不更换', make: '生成', more: '更多设置', saveNext: '保存，下一步', finish: '完成', later: '稍后再测，先完成', end: '回到渠道列表', notSaved: '没有保存', hidden: '已保存，不再显示；可返回上一步重新生成',
    local: '当前是本机或非 https 地址。微信只能访问公网域名的 80/443 端口，请用正式域名打开本页后再复制网址。', seen: '微信是否找到这里', seenNo: '还没有收到微信的请求；在后台点“提交”后这里会变绿', seenYes: '已收到微信的请求（{n} 次）', doneTitle: '“{name}”已接入',
    guide: { before: '这些值在哪里找', after: '到微信后台粘贴这些值' },
    way: { webchat: '网页右下角的聊天窗口，一行代码接入', official: '关注者在公众号里发来的消息、菜单与扫码', mini: '小程序里“联系客服”发来的消息', wecom: '企业微信的“微信客服”，可用链接、二维码、视频号进入', email: '客户写到公司邮箱的邮件，按往来归成会话，可回复、转发、带附件' },
    try: { official: '用微信关注这个公众号，发一句“你好”，会话会出现在工作台。', mini: '在小程序里点“联系客服”，发一句“你好”，会话会出现在工作台。', wecom: '打开客服链接发一句“你好”，会话会出现在工作台。', email: '从另一个邮箱写一封信到这个地址，几秒后会出现在工作台。' },
    next: { menu: '把常用入口放进公众号底部菜单', codes: '给门店、活动各印一张，扫码即知来源', links: '给网页、门店各一个链接，进入即知来源', seats: '确认没有自动接待的企业微信坐席', state: '查看额度、回调与错误', signatures: '公司和各组的邮件签名' },
    bad: { appid: '应是 wx 开头的 18 位', corpid: '应是 ww 开头的企业 ID', kfid: '应是 wk 开头的客服账号编号', aes: '应是 43 位字母或数字', token: '应是 3–32 位字母或数字', spaces: '不应含空格', addr: '不是邮箱地址' },
    email: {
      at_qq: { title: '在 QQ 邮箱里开启服务、生成授权码', text: '网页版 mail.qq.com，“设置 → 账号 → POP3/IMAP/SMTP 服务”，开启 IMAP/SMTP，按提示发短信后会显示 16 位授权码。' }, at_exmail: { title: '在企业微信邮箱里生成客户端专用密码', text: 'exmail.qq.com，“设置 → 收发信设置”开启 IMAP/SMTP；“设置 → 账户 → 安全登录”里生成客户端专用密码。管理员可能需要先允许客户端登录。' },
      at_163: { title: '在 163 邮箱里新增授权密码', text: 'mail.163.com，“设置 → POP3/SMTP/IMAP”，开启 IMAP/SMTP 服务，扫码发短信后显示授权密码，有效期 180 天，到期需更换。' }, at_126: { title: '在 126 邮箱里新增授权密码', text: 'mail.126.com，“设置 → POP3/SMTP/IMAP”，开启 IMAP/SMTP 服务，扫码发短信后显示授权密码，有效期 180 天，到期需更换。' }, at_qiye163: { title: '在网易企业邮里生成客户端授权密码', text: '“设置 → 客户端设置”，开启 IMAP/SMTP 并生成客户端授权密码。' },
      at_aliyun: { title: '在阿里企业邮里开启客户端', text: '“设置 → 账户与安全 → 三方客户端安全密码”，生成密码；管理员需允许 IMAP/SMTP。' }, at_gmail: { title: '在 Google 账号里生成应用专用密码', text: '先开启两步验证，再到 myaccount.google.com/apppasswords 生成 16 位密码。' }, at_outlook: { title: '在 Microsoft Entra 里登记应用', text: 'Microsoft 365 不再接受密码：登记应用，授予 IMAP.AccessAsUser.All 与 SMTP.Send，取得客户端 ID 与刷新令牌。' }, at_own: { title: '填写自己的邮件服务器', text: '向邮件管理员要 IMAP/SMTP 的主机名、端口和加密方式；证书是自签的，请在“更多设置”里粘贴 CA 证书。' },
      address: { title: '填写邮箱地址和授权码', text: '授权码只保存、不显示。请用专门的客服邮箱：其他程序若把邮件移走或删除，这里就收不到。' }, start: { title: '决定从哪一天开始', text: '默认只收接入之后的新邮件；想把还没回复的也收进来，填写天数。' },
    },
    official: {
      open: { title: '打开公众平台', text: '登录 mp.weixin.qq.com，进入“设置与开发 → 开发接口管理 → 基本配置”。' }, id: { title: '复制 AppID', text: '在“开发者 ID”一栏，wx 开头。' }, secret: { title: '重置并复制 AppSecret', text: '需管理员扫码；微信只显示一次，请直接粘贴到左侧。' }, whitelist: { title: '加入 IP 白名单', text: '把本服务器的出口 IP 加进“IP 白名单”。不知道也可以先保存：测试失败时会显示微信看到的 IP。' },
      server: { title: '打开“服务器配置 → 修改配置”', text: '把下面的 URL、Token、EncodingAESKey 粘贴进去。' }, mode: { title: '消息加解密方式选“{mode}”', text: '与上一步的设置一致；以后更换也要两边一起改。' }, submit: { title: '点“提交”', text: '微信会立刻访问本服务器验证，右侧状态变绿。' }, enable: { title: '点“启用”', text: '启用后，公众平台自带的自动回复与菜单失效，由这里接管。' },
    },
    mini: {
      open: { title: '打开小程序后台', text: '登录 mp.weixin.qq.com（小程序账号），进入“开发 → 开发管理 → 开发设置”。' }, id: { title: '复制 AppID', text: '在“开发者 ID”一栏。' }, secret: { title: '生成并复制 AppSecret', text: '需管理员扫码，只显示一次。' },
      server: { title: '打开“消息推送 → 启用”', text: '把下面的 URL、Token、EncodingAESKey 粘贴进去；数据格式选 XML 或 JSON 都可以。' }, mode: { title: '消息加密方式选“{mode}”', text: '与上一步的设置一致。' }, submit: { title: '点“提交”', text: '微信会立刻验证，右侧状态变绿。' },
    },
    wecom: {
      open: { title: '打开企业微信管理后台', text: '登录 work.weixin.qq.com。' }, corp: { title: '复制企业 ID', text: '“我的企业 → 企业信息”最下方，ww 开头。' }, app: { title: '建一个自建应用，复制 Secret', text: '“应用管理 → 自建”，再到“微信客服 → 可调用接口的应用”里勾选它；请用这个应用的 Secret。' }, kf: { title: '复制客服账号编号', text: '“微信客服 → 客服账号”，open_kfid 以 wk 开头；没有账号先新建一个。' },
      callback: { title: '打开应用的“接收消息 → 设置 API 接收”', text: '把下面的 URL、Token、EncodingAESKey 粘贴进去。' }, submit: { title: '点“保存”', text: '企业微信会立刻验证，右侧状态变绿。' }, api: { title: '打开“微信客服 → API”', text: '把这个应用设为可管理该客服账号；同时把服务器 IP 加入“企业可信 IP”。' }, seats: { title: '不要配置自动接待人员', text: '否则客户会先进企业微信坐席，这里不能回复。' },
    },
  },
  health: { since: '自 {t}', until: '{t} 后重试', whitelist: '微信拒绝了本服务器的 IP：请到后台把它加入 IP 白名单（企业微信为“企业可信 IP”），错误详情里写有微信看到的 IP。', callback: '微信回调', seen: '最近一次 {t}，共 {n} 次', unseen: '还没有收到过微信的请求', quota: '今日额度', noQuota: '暂时取不到额度', log: '最近的问题', noLog: '没有问题' },
  codes: { hint: '每个来源一张二维码。客户扫码后，会话带上这个来源，路由规则可用“来源”条件把他分给对应的门店或技能组。', hintKF: '每个来源一个链接，可做成按钮或二维码。客户打开后，会话带上这个来源，路由规则可用“来源”条件分配。', scene: '来源标识', scenePh: '例如 store-42', days: '有效期', forever: '长期有效', nDays: '{n} 天', make: '生成二维码', makeLink: '生成链接', none: '还没有生成过', until: '{t} 失效', copy: '复制链接', save: '下载 PNG' },
  menu: {
    hint: '最多 3 个一级菜单，每个可含 5 个子菜单。⋮⋮ 拖动或 Alt+↑↓ 排序。', draft: '草稿，尚未发布', same: '与公众号一致', publish: '发布', back: '放弃草稿', backText: '草稿将丢失，恢复为公众号当前的菜单。', done: '已发布；关注者几分钟内看到（重新进入立即看到）', newName: '新菜单', noName: '（未命名）', add: '一级菜单', addSub: '子菜单', up: '上移', down: '下移', name: '名称', does: '点击后', opens: '点开后显示子菜单。', foreign: '这种菜单（{type}）在别处创建，会原样保留。', key: '消息标识', keyHint: '客户点击时，会话里出现菜单名称，机器人按名称回答。', url: '网址', urlOld: '旧版微信打开的网址', page: '页面路径', pick: '选择一个菜单来编辑', empty: '还没有菜单，先加一个',
    type: { click: '发消息', view: '打开网页', miniprogram: '打开小程序' }, bad: { name: '请填写名称', long: '太长：一级菜单最多 5 个汉字', longSub: '太长：子菜单最多 20 个汉字', key: '请填写标识，最多 128 字节', url: '应以 http:// 或 https:// 开头', page: '请填写小程序 AppID 和页面路径' },
  },
  seats: { hint: '在企业微信里接待这个客服账号的人。想让客户都在这里由您的坐席接待，请不要让任何人“接待中”；需要时坐席可在会话里手动转过去。', none: '没有接待人员：所有会话都在这里接待', on: '接待中', off: '停止接待', department: '部门 {n}' },
}

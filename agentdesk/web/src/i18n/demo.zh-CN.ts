export default {
  title: '总机演示', subtitle: '左边是客户看到的商城，右边是坐席工作台', restarting: '重启中…', none: '这里没有运行演示', noneHint: '用 zongji demo（或 make run）启动后再打开本页', shop: '客户：云桥电器商城', shopHint: '点右下角气泡开始咨询', desk: '工作台', reload: '换一位客户', opening: '正在登录…',
  roles: '角色', rolesHint: '点击在右侧登录，↗ 在新标签页登录', noRoles: '正在读取演示账号…', newTab: '在新标签页打开',
  play: { title: '播放客流', hint: '录制的客户经真实连接进来', start: '播放客流', stop: '停止', of: '{done} / {total} 位客户', first: '问的、要人工的、生气的，都会来', end: { solved: '机器人解决', served: '人工接待', waiting: '没等到', left: '离开' } },
  history: { title: '30 天历史', there: '已载入 {n} 个会话', none: '未载入', removing: '正在移除…', failed: '载入失败，请看日志', remove: '移除', load: '载入' },
  break: { title: '弄坏它试试', hint: '已确认的消息一条不丢、一条不重', acked: '已确认', lost: '丢失', doubled: '重复', flush: '清空 Redis', flushMemory: '清空总线', memory: '内存', kill: '杀掉进程', facts: '已杀 {kills} 次 · 已清空 {flushes} 次 · 上次启动 {ms} 毫秒 · 总线 {bus}' },
  phone: {
    open: '微信手机', title: '微信演示手机', subtitle: '以微信顾客的身份发消息，看微信的规则与拒绝', who: '我是', another: '换个人', where: '打开的账号', counts: '微信的计数', left: '条可发给他', until: '截止 {t}', used: '条数已用完，再发会被微信拒绝', closed: '窗口未打开或已过期，再发会被微信拒绝', shut: '现在发会被微信拒绝', jump: '跳过 48 小时', ahead: '微信的时钟已快 {n} 小时', more: '还可以', scan: '扫码 {s}', follow: '关注公众号', unfollow: '取消关注', consent: '同意接收一次“{s}”', enter: '进入客服会话', enterAgain: '重新进入', byScene: '扫码/链接进入：{s}', seatTake: '被企业微信坐席接走', seatEnd: '企业微信坐席结束', block: '拒收消息', unblock: '恢复接收', member: '绑定会员', took: '回调用时 {ms} 毫秒', refused: '微信拒绝了', noneRefused: '还没有拒绝过',
    state: { 0: '未处理', 1: '由本系统接待', 2: '在企业微信待接入池', 3: '由企业微信坐席接待', 4: '会话已结束' }, settings: '身份与账号', typing: '对方正在输入…', gate: { oa: '您还没有关注这个公众号', mini: '从小程序里点“联系客服”', kf: '从客服链接进入' }, placeholder: '发消息', toMenu: '菜单', toKeys: '键盘', plus: '更多', recall: '撤回', recalled: '消息已撤回', servicer: '企业微信坐席', mini: '小程序',
    did: { follow: '你关注了公众号 {what}', unfollow: '你取消了关注', scan: '你扫了二维码 {what}', click: '你点了菜单“{what}”', view: '你打开了 {what}', enter: '你进入了会话 {what}', other: '{what}' }, thing: { picture: '相册', sample: '示例图片', voice: '语音', video: '视频', location: '位置', file: '文件', link: '链接', card: '小程序卡片' },
    voiceSays: '你好，我想问一下我的订单什么时候发货', place: '上海市徐汇区漕溪北路 158 号', linkTitle: '三门冰箱 BCD-230', linkText: '静音节能，送货入户', cardTitle: '订单详情',
  },
  tour: {
    open: '导览', next: '下一步', back: '上一步', end: '完成',
    1: { title: '当一回客户。', text: '点左边商城右下角的气泡，问“怎么申请退货”，机器人马上给出完整答案。' },
    2: { title: '问个难的。', text: '再问一句它不确定的，它会给出几个选项；点“转人工”。' },
    3: { title: '换到坐席。', text: '右边弹出邀请，点“接起”。两边对话，发张图片试试，看已送达与已读。' },
    4: { title: '两个人协作。', text: '点某个角色的 ↗，在新标签页成为另一位坐席，把会话转接过去并附上备注。' },
    5: { title: '放一波客流。', text: '选 10×，点“播放客流”，再用主管角色看大屏。' },
    6: { title: '弄坏它。', text: '播放中点“清空 Redis”和“杀掉进程”，看丢失与重复是否一直为 0。' },
    7: { title: '改成你的。', text: '用管理员角色改知识库、路由规则与渠道外观，2 秒内生效。' },
  },
}

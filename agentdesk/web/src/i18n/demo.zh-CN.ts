export default {
  title: '总机演示', subtitle: '左边是客户看到的商城，右边是坐席工作台', restarting: '重启中…', none: '这里没有运行演示', noneHint: '用 zongji demo（或 make run）启动后再打开本页', shop: '客户：云桥电器商城', shopHint: '点右下角气泡开始咨询', desk: '工作台', reload: '换一位客户', opening: '正在登录…',
  roles: '角色', rolesHint: '点击在右侧登录，↗ 在新标签页登录', noRoles: '正在读取演示账号…', newTab: '在新标签页打开',
  play: { title: '播放客流', hint: '录制的客户经真实连接进来', start: '播放客流', stop: '停止', of: '{done} / {total} 位客户', first: '问的、要人工的、生气的，都会来', end: { solved: '机器人解决', served: '人工接待', waiting: '没等到', left: '离开' } },
  history: { title: '30 天历史', there: '已载入 {n} 个会话', none: '未载入', removing: '正在移除…', failed: '载入失败，请看日志', remove: '移除', load: '载入' },
  break: { title: '弄坏它试试', hint: '已确认的消息一条不丢、一条不重', acked: '已确认', lost: '丢失', doubled: '重复', flush: '清空 Redis', flushMemory: '清空总线', memory: '内存', kill: '杀掉进程', facts: '已杀 {kills} 次 · 已清空 {flushes} 次 · 上次启动 {ms} 毫秒 · 总线 {bus}' },
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

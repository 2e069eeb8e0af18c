export default {
  title: '实时大屏', full: '全屏', exit: '退出全屏', waiting: '{n} 位等待', staff: '就绪 {ready} · 暂离 {away} · 在岗 {online}', stale: '数据停在 {t}，正在重连', queues: '队列', agents: '坐席', curve: '今日走势', all: '全部', noQueues: '还没有队列', noAgents: '没有坐席',
  waits: '等待', longest: '最久', nobody: '无人就绪', expected: '预计 {t}', ready: '就绪 {ready}/{online}', dayOf: '今日 {n}', serving: '接待中 {n}', chats: '{n} 个会话', took: '今日 {n}', setState: '修改 {name} 的状态', set: '{name} 已设为{state}', yesterday: '与昨日同时段相比',
  total: { arrived: '今日会话', alone: '机器人独立解决', handed: '转人工', taken: '人工接起', wait: '等待中位数', closed: '已结束', stars: '满意度' },
  line: { arrived: '新会话', answered: '机器人回答', handed: '转人工', closed: '结束', wait: '等待中位数' },
}

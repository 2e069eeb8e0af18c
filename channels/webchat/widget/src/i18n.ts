import type { Lang } from './core'

/** Every text of the widget: 简体, 繁體, English. {0} and {1} are filled in. */
const texts = {
  title: ['在线客服', '線上客服', 'Customer service'],
  hi: ['您好，请问有什么可以帮您？', '您好，請問有什麼可以幫您？', 'How can we help?'],
  close: ['关闭', '關閉', 'Close'],
  lang: ['语言', '語言', 'Language'],
  sound: ['提示音', '提示音', 'Sound'],
  messages: ['对话内容', '對話內容', 'Conversation'],
  input: ['请输入您的问题…', '請輸入您的問題…', 'Your message…'],
  send: ['发送', '傳送', 'Send'],
  attach: ['图片或文件', '圖片或檔案', 'Picture or file'],
  emoji: ['表情', '表情', 'Emoji'],
  human: ['转人工', '轉人工', 'Talk to a person'],
  end: ['结束对话', '結束對話', 'End chat'],
  sure: ['确定结束？', '確定結束？', 'Really end?'],
  again: ['发起新对话', '開始新對話', 'New conversation'],
  bot: ['智能助手', '智慧助理', 'Assistant'],
  asWait: ['正在接入人工客服', '正在接入人工客服', 'Calling a person'],
  asAgent: ['客服 {0} 为您服务', '客服 {0} 為您服務', '{0} is here to help'],
  asEnd: ['本次对话已结束', '本次對話已結束', 'Conversation ended'],
  shut: ['非工作时间，请留言', '非工作時間，請留言', 'Closed now. Leave a message'],
  back: ['客服 {0} 上班，请留言', '客服 {0} 上班，請留言', 'Back {0}. Leave a message'],
  waits: ['正在排队，请稍候…', '正在排隊，請稍候…', 'In the queue…'],
  place: ['排队中：第 {0} 位', '排隊中：第 {0} 位', 'Number {0} in the queue'],
  wait: ['，预计等待 {0} 分钟', '，預計等待 {0} 分鐘', ', about {0} min'],
  typing: ['{0} 正在输入', '{0} 正在輸入', '{0} is typing'],
  joining: ['正在连接…', '正在連線…', 'Connecting…'],
  offline: ['网络已断开，恢复后自动发送', '網路已中斷，恢復後自動傳送', 'Offline. Messages are kept'],
  denied: ['暂时无法使用', '暫時無法使用', 'Not available'],
  replaced: ['已在别处打开，点此继续', '已在別處開啟，點此繼續', 'Open elsewhere. Continue'],
  older: ['查看更早的消息', '查看更早的訊息', 'Earlier messages'],
  sending: ['发送中', '傳送中', 'Sending'],
  sent: ['已发送', '已傳送', 'Sent'],
  delivered: ['已送达', '已送達', 'Delivered'],
  read: ['已读', '已讀', 'Read'],
  failed: ['发送失败', '傳送失敗', 'Not sent'],
  too_large: ['文件超过 {0}', '檔案超過 {0}', 'Larger than {0}'],
  type_not_allowed: ['不支持的文件', '不支援的檔案', 'File type not allowed'],
  retry: ['重试', '重試', 'Try again'],
  drop: ['删除', '刪除', 'Delete'],
  rate: ['请为本次服务评分', '請為本次服務評分', 'How did we do?'],
  stars: ['{0} 星', '{0} 星', '{0} stars'],
  tags: ['回复及时|态度友好|等待太久|没有解决', '回覆及時|態度友善|等待太久|沒有解決', 'Quick|Friendly|Slow|Not solved'],
  comment: ['还想说点什么', '還想說點什麼', 'Anything else?'],
  thanks: ['感谢您的评价', '感謝您的評價', 'Thank you'],
} satisfies Record<string, [string, string, string]>

export type Key = keyof typeof texts
const column: Record<Lang, 0 | 1 | 2> = { 'zh-CN': 0, 'zh-TW': 1, en: 2 }

/** t returns a text in a language. */
export const t = (lang: Lang, key: Key, ...args: (string | number)[]): string =>
  texts[key][column[lang]].replace(/\{(\d)\}/g, (_, i) => String(args[i] ?? ''))

/** known reports whether an error code has words of its own. */
export const known = (code: string): code is Key => code in texts

export const langs: [Lang, string][] = [['zh-CN', '简体'], ['zh-TW', '繁體'], ['en', 'EN']]

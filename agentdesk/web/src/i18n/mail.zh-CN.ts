/** Mails: on the desk, in the console, in the demo's mailboxes. */
export default {
  noSubject: '（无主题）', from: '发件人', to: '收件人', cc: '抄送', bcc: '密送', subject: '主题', files: '附件', headers: '邮件头', showQuoted: '显示引用内容', hideQuoted: '收起引用内容', details: '收件人与详情', hideDetails: '收起',
  original: '原始邮件', raw: '下载原文 .eml', images: '显示图片（{n}）', imagesOn: '图片已显示', imagesWhy: '远程图片默认不加载：它们会告诉发件人邮件已被打开', onlyText: '纯文本邮件', quoted: '引用内容', signature: '签名', left: '只在原文中的附件：{list}', date: '时间', gone: '原文已不存在',
  badge: { fail: '发件人未通过验证', none: '发件人未验证', auto: '自动回复', bounce: '退信', list: '群发', quarantine: '隔离', forwarded: '转发', calendar: '日程邀请', smime: 'S/MIME 加密', pgp: 'PGP 加密', smimeSigned: 'S/MIME 签名，未校验', pgpSigned: 'PGP 签名，未校验', ours: '自动发出' },
  badgeWhy: { fail: '邮件服务器的 DMARC 校验没有通过：发件人地址可能是伪造的，请勿据此核对身份', none: '没有可信的校验结果，不能证明发件人是本人', auto: '机器发出的邮件：不会触发机器人和自动确认，也不计入等待', bounce: '邮件没有送达的通知', list: '邮件列表或群发', quarantine: '没能完整读懂这封邮件，原文已完整保存', forwarded: '由他人转发', calendar: '含有日程邀请，见附件', smime: '内容已加密，只显示可见部分', pgp: '内容已加密，只显示可见部分', smimeSigned: '签名未校验', pgpSigned: '签名未校验', ours: '由系统自动发出' },
  match: { label: '归入依据', token: '回复地址中的签名标记', report: '退信报告引用了我们发出的邮件', in_reply_to: '回复了本会话中的邮件', references: '引用了本会话中的邮件', subject_token: '主题中的会话编号', subject: '72 小时内同一发件人、同一主题', new: '新的来信', split: '由坐席拆分出来', joined: '由坐席并入' },
  topic: '主题变了，可能是另一件事', topicSplit: '拆成新会话',
  menu: '邮件操作', split: '拆成新会话', splitAsk: '把这封邮件移到一个新会话？之后客户对它的回复也会进入新会话，可以撤销。', splitDone: '已拆成新会话', join: '并入另一会话…', joinTitle: '并入会话', joinHint: '选择同一位客户的另一个会话，这封邮件和之后的回复会归到那里', joinDone: '已并入', joinNone: '没有可以并入的会话', undo: '撤销', undone: '已撤销', moved: '已移到另一会话', openMoved: '查看', forward: '转发',
  write: { addCc: '抄送', addBcc: '密送', add: '输入地址后回车', bad: '不是邮箱地址：{a}', remove: '移除 {a}', nobody: '请填写收件人', saved: '草稿已保存', saving: '正在保存…', unsaved: '草稿没有保存到服务器，已留在本机', signature: '将附上签名', placeholder: '写回信，按 / 使用快捷回复', forwarding: '转发给其他人：原邮件会附在后面', reply: '改为回复', botDraft: '机器人草拟，请核对后发送', busy: '{name} 正在写这个会话的回复', change: '修改收件人或主题', send: '发送邮件' },
  undoSend: { going: '{n} 秒后发出', undo: '撤销', undone: '已撤回，内容已放回输入框', late: '已经发出，不能撤回' },
  admin: { company: '公司', signatures: '附在坐席发出的邮件末尾；个人签名优先，其次是组，再次是公司。可用 {\'{agent}\'}、{\'{team}\'}、{\'{company}\'}。', signaturePh: '例如：{\'{company}\'} 客户服务部 {\'{agent}\'}', inherit: '留空则用公司签名', mine: '我的邮件签名', mineHint: '附在我发出的邮件末尾，留空则用组或公司的签名' },
  demo: {
    open: '邮箱', title: '客户的邮箱', subtitle: '以客户的身份写信，从两边看一封邮件的往来', inbox: '收件箱', outbox: '已发送', compose: '写信', reply: '回复', send: '发送', drop: '放弃', none: '收件箱是空的', noneSent: '还没有发出的邮件', pick: '选择一封邮件，或写一封新的', pickHint: '写给 {addr} 的邮件会出现在坐席工作台', textHint: '正文', tooLarge: '附件合计不能超过 {n} MB', sent: '已发送',
  },
}

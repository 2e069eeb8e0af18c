package eml

import "testing"

// TestReportsInProse reads reports without a status part, as carriers,
// webmailers and list servers write them.
func TestReportsInProse(t *testing.T) {
	var reasons, hards, tos rate
	for _, tt := range []struct {
		from, subject, body, reason, to string
	}{
		{"no-reply@app.auone-net.test", "failure notice", "Your mail sent on: Mon, 2 Jun 2025 09:12:33 +0900\n\n  Could not be delivered to: <li@c.test>\n  As their mailbox is full.\n\n", "mailboxfull", "li@c.test"},
		{"MAILER-DAEMON@softbank.test", "Mail delivery failed", "Your message could not be delivered.\n\n<li@c.test>:\nThe user does not accept email in non-Western (non-Latin) character sets.\n", "filtered", "li@c.test"},
		{"Mail Delivery Subsystem <mailer-daemon@biglobe.test>", "Returned mail: Service unavailable", "   ----- The following addresses had delivery problems -----\nli@c.test\n\n   ----- Non-delivered information -----\nThe number of messages in recipient's mailbox exceeded the local limit.\n", "mailboxfull", "li@c.test"},
		{"Postmaster@vtext.test", "Undeliverable Message", "Error: Message could not be delivered to mobile.\nError: No valid recipients for this MM\n\nOriginal Message:\nFrom: cs@x.test\nTo: li@c.test\nSubject: hi\n", "userunknown", "li@c.test"},
		{"\"Mail Delivery System\" <postmaster@mx.c.test>", "Delivery Failure: hi", "Your message:\n   From:    <cs@x.test>\n   Subject: hi\n\nCould not be delivered because of\n\n550 5.7.1 Relaying denied\n\nThe following recipients were affected: \n    li@c.test\n", "norelaying", "li@c.test"},
		{"FML <admin@list.test>", "Rejected members only: hi", "You <cs@x.test> are not a member of this mailing list <li@c.test>.\nIf you know the general guide of this list, please send mail with the mail body\n# help\n", "rejected", ""},
		{"Mail Delivery Subsystem <mailer-daemon@googlemail.com>", "Delivery Status Notification (Failure)", "Hello cs@x.test,\n\nWe're writing to let you know that the group you tried to contact (li-group) may not exist, or you may not have permission to post messages to the group. A few more details on why you weren't able to post:\n\n * You might have spelled or formatted the group name incorrectly.\n", "rejected", ""},
		{"Mail Delivery Subsystem <mailer-daemon@googlemail.com>", "Delivery Status Notification (Delay)", "This is an automatically generated Delivery Status Notification\n\nTHIS IS A WARNING MESSAGE ONLY.\n\nYOU DO NOT NEED TO RESEND YOUR MESSAGE.\n\nDelivery to the following recipient has been delayed:\n\n     li@c.test\n\nMessage will be retried for 2 more day(s)\n\nTechnical details of temporary failure:\nThe recipient server did not accept our requests to connect.\n", "expired", "li@c.test"},
		{"Mail Delivery Subsystem <mailer-daemon@googlemail.com>", "Delivery Status Notification (Failure)", "Delivery to the following recipient failed permanently:\n\n     li@c.test\n\nTechnical details of permanent failure:\nGoogle tried to deliver your message, but it was rejected by the server for the recipient domain c.test by mx.c.test. [192.0.2.9].\n\nThe error that the other server returned was:\n550 5.1.1 <li@c.test>: Recipient address rejected: User unknown\n\n----- Original message -----\n\nMessage-ID: <out.7@x.test>\n", "userunknown", "li@c.test"},
		{"Mail Delivery Subsystem <mailer-daemon@googlemail.com>", "Delivery Status Notification (Failure)", "Delivery to the following recipient failed permanently:\n\n     li@c.test\n\nTechnical details of permanent failure:\nDNS Error: Could not contact DNS servers\n\n----- Original message -----\n", "expired", "li@c.test"},
		{"Mail Delivery Subsystem <mailer-daemon@googlemail.com>", "Delivery Status Notification (Failure)", "Delivery to the following recipient failed permanently:\n\n     li@c.test\n\nTechnical details of permanent failure:\nDNS Error: Domain name not found\n\n----- Original message -----\n", "hostunknown", "li@c.test"},
		{"MAILER-DAEMON@yahoo.test", "Failure Notice", "Sorry, we were unable to deliver your message to the following address.\n\n<li@c.test>:\nRemote host said: 550 5.1.1 User unknown [RCPT_TO]\n\n--- Below this line is a copy of the message.\n\nReturn-Path: <cs@x.test>\n", "userunknown", "li@c.test"},
		{"MAILER-DAEMON@yahoo.test", "Failure Notice", "Sorry, we were unable to deliver your message to the following address.\n\n<li@c.test>:\nNo MX or A records for c.test\n\n--- Below this line is a copy of the message.\n", "hostunknown", "li@c.test"},
		{"Mailer-Daemon@aol.test", "Mail Delivery Problem", "Your mail to the following recipients could not be delivered because they are not accepting mail from cs@x.test:\n\tli\n", "filtered", ""},
		{"postmaster@gmx.test (GMX Mail Delivery)", "Mail delivery failed: returning message to sender", "This message was created automatically by mail delivery software.\nA message that you sent could not be delivered to\none or more of its recipients. This is a permanent error.\nThe following address failed:\n\n<li@c.test>:\nSMTP error from remote server for RCPT command, host: mx.c.test (192.0.2.9) reason: 550 5.1.1 User unknown\n\n--- The header of the original message is following. ---\n\nReceived: from x\n", "userunknown", "li@c.test"},
		{"Mail Delivery System <mailer-daemon@kundenserver.test>", "Warning: message delayed 24 hours", "This message was created automatically by mail delivery software.\nA message that you sent has not yet been delivered to one or more of its\nrecipients after more than 24 hours on the queue.\n\nThe following address is still being tried:\n\n  li@c.test\n\nNo action is required on your part. Delivery attempts will continue for\nsome time, and this warning may be repeated at intervals if the message\nremains undelivered.\n", "expired", "li@c.test"},
		{"Mail Delivery System <MAILER-DAEMON@a.test>", "Delayed Mail (still being retried)", "This is the mail system at host mx.a.test.\n\n####################################################################\n# THIS IS A WARNING ONLY.  YOU DO NOT NEED TO RESEND YOUR MESSAGE. #\n####################################################################\n\nYour message could not be delivered for more than 4 hour(s).\nIt will be retried until it is 5 day(s) old.\n\n<li@c.test>: connect to mx.c.test[192.0.2.9]:25: Connection timed out\n", "expired", "li@c.test"},
		{"postmaster@notes.test", "DELIVERY FAILURE: User li (li@c.test) not listed in Domino Directory", "Your message\n\n  Subject: hi\n\nwas not delivered to:\n\n  li@c.test\n\nbecause:\n\n  User li (li@c.test) not listed in Domino Directory\n", "userunknown", "li@c.test"},
		{"postmaster@notes.test", "DELIVERY FAILURE: 550 <li@c.test> mailbox unknown", "Your message\n\n  Subject: hi\n\nwas not delivered to:\n\n  li@c.test\n\nbecause:\n\n  Error transferring to MX.C.TEST; 552 mailbox full\n", "mailboxfull", "li@c.test"},
		{"\"Symantec Email Security\" <postmaster@messagelabs.test>", "Mail Delivery Failure", "This is an automatic message generated by the mail system.\nYour message could not be delivered:\n\n    li@c.test\n\n  Reason: 550 Invalid recipient <li@c.test> (#5.1.1)\n", "userunknown", "li@c.test"},
		{"postmaster@mx.trend.test", "Mail delivery failed: returning message to sender", "Unable to deliver message to <li@c.test>\n\nTransaction log:\nSent >>> RCPT TO:<li@c.test>\nReceived <<< 550 5.1.1 User Unknown\nUnable to deliver message to <li@c.test>\n", "userunknown", "li@c.test"},
		{"MAILER-DAEMON@x5.test", "Delivery failure notice", "Unable to deliver message to the following address(es).\n\n<li@c.test>:\nThis user's mailbox is disabled for now. Account has been suspended.\n", "suspend", "li@c.test"},
		{"Mail Delivery Subsystem <MAILER-DAEMON@x3.test>", "Delivery status notification", "   This message is generated automatically by the mail server.\n\n   The following message was not delivered:\n\nlist of recipients: li@c.test\n    SMTP 553 INVALID_ADDRESS 553 5.3.0 <li@c.test>... Addressee unknown\n", "userunknown", "li@c.test"},
		{"System Administrator <postmaster@exch.test>", "Undeliverable: hi", "Your message\n\n  To: li@c.test\n  Subject: hi\n  Sent: Mon, 2 Jun 2025\n\ndid not reach the following recipient(s):\n\nli@c.test on Mon, 2 Jun 2025 09:13\n    The message reached the recipient's e-mail system, but delivery was refused.  Attempt to resend the message.\n        <mx.c.test #5.2.1>\n", "filtered", "li@c.test"},
		{"MAILER-DAEMON@qmailish.test", "failure notice", "Hi. This is the deliver program at mx.qmailish.test.\nI'm afraid I wasn't able to deliver your message to the following addresses.\n\n<li@c.test>:\nUser's mailbox is over quota. Bye.\n\n--- Below this line is a copy of the message.\n", "mailboxfull", "li@c.test"},
		{"Mail Delivery System <MAILER-DAEMON@a.test>", "Undelivered Mail Returned to Sender", "This is the mail system at host mx.a.test.\n\n<li@c.test> (expanded from <support@c.test>): unknown user: \"li\"\n", "userunknown", "li@c.test"},
		{"PostMaster@qq.test", "系统退信/Systems bounce", "抱歉，您的邮件被退回来了……\n\n原邮件信息：\n时 间：2025-06-02 09:12:33\n主 题：hi\n收件人：li@c.test\n\n退信原因：\n对方服务器拒绝连接：Client host blocked using zen.spamhaus.org\n", "blocked", "li@c.test"},
		{"10000@qq.test", "来自qq.com的退信", "This message is generated by Tencent QQ Mail server.\n\nI'm sorry to have to inform you that your message could not be delivered to one or more recipients.\n\n<li@c.test>: host mx.c.test[192.0.2.9] said: 550 5.1.1 User unknown (in reply to RCPT TO command)\n", "userunknown", "li@c.test"},
		{"postmaster@netease.test", "系统退信", "您好，您发送给 li@c.test 的邮件未能送达。\n\n出错原因：550 User not found: li@c.test\n\n建议解决方案：请检查收件人地址是否正确。\n", "userunknown", "li@c.test"},
		{"postmaster@sina.test", "邮件投递失败通知", "很抱歉，您发给 li@c.test 的邮件没有成功。\n\n失败原因：收件人邮箱空间不足。\n", "mailboxfull", "li@c.test"},
		{"postmaster@coremail.test", "系统退信 Delivery failure", "Hi cs@x.test,\n您的邮件无法投递到：\nli@c.test\n退信代码：554\n退信理由：邮件内容包含敏感词或被识别为垃圾邮件。\n", "spamdetected", "li@c.test"},
		{"postmaster@139.test", "退信通知", "尊敬的用户：\n您发给<li@c.test>的邮件由于以下原因被退回：该用户已注销。\n", "userunknown", "li@c.test"},
		{"postmaster@turbomail.test", "邮件发送失败", "您的邮件发送失败。\n收件人： li@c.test\n失败原因： 收件人账号被停用\n", "suspend", "li@c.test"},
		{"postmaster@exmail.test", "退信", "您发往 li@c.test 的邮件被拒收，原因：收件方设置了拒收您的邮件。\n", "filtered", "li@c.test"},
		{"Mail Delivery System <mailer-daemon@jp.test>", "エラーメール", "メールを配信できませんでした。\n\n宛先: li@c.test\n原因: 宛先のメールボックスの容量が超過しています。\n", "mailboxfull", "li@c.test"},
		{"postmaster@kr.test", "메일 전송 실패 알림", "다음 수신자에게 메일을 전송하지 못했습니다.\n\nli@c.test\n\n사유: 존재하지 않는 메일 주소입니다.\n", "userunknown", "li@c.test"},
		{"postmaster@laposte.test", "Échec de remise du message", "Votre message n'a pas pu être remis au destinataire suivant :\n\nli@c.test\n\nMotif : 550 5.1.1 Adresse inconnue\n", "userunknown", "li@c.test"},
		{"postmaster@libero.test", "Mancato recapito del messaggio", "Il messaggio non è stato consegnato a:\n\nli@c.test\n\nMotivo: la casella del destinatario è piena\n", "mailboxfull", "li@c.test"},
		{"mailer-daemon@mail.ru.test", "Недоставленное сообщение", "Это письмо создано автоматически сервером.\n\nВаше письмо не может быть доставлено:\n\nli@c.test\n\nПричина: почтовый ящик переполнен.\n", "mailboxfull", "li@c.test"},
		{"postmaster@terra.test", "Error de entrega", "No se ha podido entregar su mensaje a:\n\nli@c.test\n\nMotivo: el usuario no existe.\n", "userunknown", "li@c.test"},
		{"postmaster@uol.test", "Falha na entrega", "Sua mensagem não pôde ser entregue para:\n\nli@c.test\n\nMotivo: caixa postal cheia.\n", "mailboxfull", "li@c.test"},
	} {
		raw := "Return-Path: <>\nFrom: " + tt.from + "\nTo: cs@x.test\nSubject: " + tt.subject + "\nContent-Type: text/plain; charset=utf-8\n\n" + tt.body
		b, ok := Parse([]byte(raw), Options{}).Bounce()
		hard := tt.reason == "userunknown" || tt.reason == "hostunknown"
		reasons.add(ok && b.Reason == tt.reason)
		hards.add(ok && b.Hard == hard)
		tos.add(ok && (tt.to == "" || b.Recipient == tt.to))
		if !ok || b.Reason != tt.reason || b.Hard != hard || tt.to != "" && b.Recipient != tt.to {
			t.Errorf("%s | %s | %.300q:\n   got %v %q %s, want %s", tt.from, tt.subject, tt.body[max(0, len(tt.body)-200):], ok, b.Recipient, b.Reason, tt.reason)
		}
	}
	reasons.check(t, "reasons", 99)
	hards.check(t, "hard", 99)
	tos.check(t, "recipients", 99)
}

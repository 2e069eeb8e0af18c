package eml

import (
	"strings"
	"testing"
	"time"
)

// dsn is a report by RFC 3464 about a mail of ours to li@c.test.
func dsn(action, status, diagnostic string) string {
	return "Return-Path: <>\nFrom: MAILER-DAEMON@mx.c.test\nTo: cs@x.test\nSubject: Delivery report\n" +
		"Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nA report.\n\n--b\nContent-Type: message/delivery-status\n\n" +
		"Reporting-MTA: dns; mx.c.test\n\nFinal-Recipient: rfc822; li@c.test\nAction: " + action + "\nStatus: " + status + "\nDiagnostic-Code: " + diagnostic +
		"\n\n--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: <out.7.T-1024@x.test>\nSubject: hi [#T-1024]\nTo: li@c.test\n\n--b--\n"
}

func TestBounceOfReports(t *testing.T) {
	for _, tt := range []struct {
		action, status, diagnostic string
		reason                     string
		hard, delayed              bool
	}{
		{"failed", "5.1.1", "smtp; 550 5.1.1 <li@c.test>: Recipient address rejected: User unknown", "userunknown", true, false},
		{"failed", "5.0.0", "smtp; 550 5.1.1 no such user (in reply to RCPT TO command)", "userunknown", true, false},
		{"failed", "5.2.2", "smtp; 552 5.2.2 mailbox full", "mailboxfull", false, false},
		{"failed", "5.0.0", "smtp; 552 Quota exceeded for this mailbox", "mailboxfull", false, false},
		{"delayed", "4.4.1", "smtp; connection timed out", "expired", false, true},
		{"failed", "4.4.7", "smtp; 421 4.4.2 delivery time expired", "expired", false, false},
		{"failed", "5.4.4", "X-Postfix; Host or domain name not found. Name service error for name=c.test: Host not found", "hostunknown", true, false},
		{"failed", "5.3.4", "smtp; 552 5.3.4 message size exceeds fixed limit", "mesgtoobig", false, false},
		{"failed", "5.7.1", "smtp; 554 5.7.1 rejected as spam", "spamdetected", false, false},
		{"failed", "5.7.26", "smtp; 550 5.7.26 unauthenticated mail from x.test is not accepted due to its DMARC policy", "authfailure", false, false},
		{"failed", "5.7.1", "smtp; 550 5.7.1 Client host [192.0.2.1] blocked using zen.spamhaus.org", "blocked", false, false},
		{"failed", "5.7.1", "smtp; 554 5.7.1 Relay access denied", "norelaying", false, false},
		{"failed", "5.2.1", "smtp; 550 5.2.1 the account has been disabled", "suspend", false, false},
		{"failed", "5.1.6", "smtp; 551 5.1.6 gone elsewhere", "hasmoved", true, false},
		{"failed", "5.0.0", "smtp; 550 Mail content denied. 垃圾邮件", "spamdetected", false, false},
		{"failed", "5.0.0", "smtp; 550 邮箱已满", "mailboxfull", false, false},
		{"failed", "5.0.0", "smtp; 550 收件人邮箱不存在", "userunknown", true, false},
		{"failed", "5.0.0", "smtp; 550 User suspended 帐号已停用", "suspend", false, false},
		{"failed", "5.0.0", "x-unix; procmail gave up", "mailererror", false, false},
		{"relayed", "2.0.0", "smtp; 250 ok", "delivered", false, false},
		{"failed", "5.0.0", "smtp; 599 xyzzy", "onhold", false, false},
	} {
		b, ok := Parse([]byte(dsn(tt.action, tt.status, tt.diagnostic)), Options{}).Bounce()
		if !ok || b.Reason != tt.reason || b.Hard != tt.hard || b.Delayed != tt.delayed || b.Recipient != "li@c.test" || b.OriginalMessageID != "out.7.T-1024@x.test" {
			t.Errorf("%s %s %q: got %+v %v, want %s", tt.action, tt.status, tt.diagnostic, b, ok, tt.reason)
		}
		if ok && b.Failed() != (!tt.delayed && tt.reason != "delivered") {
			t.Errorf("%s %q: failed %v", tt.action, tt.diagnostic, b.Failed())
		}
	}
}

func TestBounceOfProse(t *testing.T) {
	for _, tt := range []struct {
		name, raw                 string
		recipient, reason, ticket string
		hard                      bool
	}{
		{"QQ Mail's page", "From: PostMaster@qq.test\nTo: cs@x.test\nSubject: 系统退信\nContent-Type: text/html; charset=utf-8\n\n<p>抱歉，您的邮件被退回来了……</p><p>主　题：Re: 发票 [#T-31]</p><p>收件人：nobody@qq.test</p><p>退信原因：收件人邮箱地址不存在，邮件无法投递。</p><p>host mx.qq.test said: 550 Mailbox not found.</p>",
			"nobody@qq.test", "userunknown", "T-31", true},
		{"QQ Mail's page about a full mailbox", "From: PostMaster@qq.test\nTo: cs@x.test\nSubject: 系统退信\nContent-Type: text/html; charset=utf-8\n\n<p>您的邮件被退回来了</p><p>收件人：full@qq.test</p><p>退信原因：对方邮箱空间已满。</p>",
			"full@qq.test", "mailboxfull", "", false},
		{"NetEase in words only", "Return-Path: <>\nFrom: postmaster@163.test\nTo: cs@x.test\nSubject: 系统退信\n\n您的邮件无法送达以下收件人：\n\n<wang@163.test>\n\n550 User not found: wang@163.test\n",
			"wang@163.test", "userunknown", "", true},
		{"qmail", "Return-Path: <>\nFrom: MAILER-DAEMON@mx.test\nTo: cs@x.test\nSubject: failure notice\n\nI wasn't able to deliver your message to the following addresses.\n\n<li@c.test>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n--- Below this line is a copy of the message.\n\nReturn-Path: <cs@x.test>\nMessage-ID: <out.7.T-1024@x.test>\nTo: li@c.test\n",
			"li@c.test", "userunknown", "", true},
		{"Exim", "From: Mail Delivery System <Mailer-Daemon@mx.test>\nTo: cs@x.test\nSubject: Mail delivery failed: returning message to sender\n\nThis message was created automatically by mail delivery software.\nThe following address(es) failed:\n\n  li@c.test\n    Unrouteable address\n\n------ This is a copy of the message, including all the headers. ------\n\nReturn-path: <cs@x.test>\n",
			"li@c.test", "hostunknown", "", true},
		{"a warning only", "From: MAILER-DAEMON@mx.test\nTo: cs@x.test\nSubject: Warning: message delayed\n\nThis is a warning message only. Your message to <li@c.test> has been delayed:\n\nli@c.test: connection timed out\n",
			"li@c.test", "expired", "", false},
		{"a complaint", "From: fbl@isp.test\nTo: cs@x.test\nSubject: Abuse\nContent-Type: multipart/report; report-type=feedback-report; boundary=b\n\n--b\n\nA complaint.\n--b\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\nOriginal-Rcpt-To: li@c.test\n--b--",
			"li@c.test", "feedback", "", false},
		{"a vacation note", "From: li@c.test\nTo: cs@x.test\nSubject: 自动回复: 发票\nAuto-Submitted: auto-replied\n\n休假中",
			"li@c.test", "vacation", "", false},
	} {
		b, ok := Parse([]byte(tt.raw), Options{}).Bounce()
		if !ok || b.Recipient != tt.recipient || b.Reason != tt.reason || b.Hard != tt.hard || tt.ticket != "" && b.Ticket != tt.ticket {
			t.Errorf("%s: got %v %+v", tt.name, ok, b)
		}
		if strings.Contains(tt.raw, "Message-ID: <out") && b.OriginalMessageID != "out.7.T-1024@x.test" {
			t.Errorf("%s: original %q", tt.name, b.OriginalMessageID)
		}
	}
}

func TestPeopleWhoWriteAboutBounces(t *testing.T) {
	for _, raw := range []string{
		"From: li@c.test\nTo: cs@x.test\nSubject: 退信\n\n你们的邮件被退回了，收件人邮箱不存在是什么意思？",
		"From: li@c.test\nTo: cs@x.test\nSubject: Re: Delivery failed?\n\nMy parcel could not be delivered to 5 High Street. 550 pounds paid!",
		"From: li@c.test\nTo: cs@x.test\nSubject: user unknown\n\nYour site says user unknown when I log in.",
		"From: postmaster@c.test\nTo: cs@x.test\nSubject: Question about our order\n\nWhere is it?",
	} {
		if b, ok := Parse([]byte(raw), Options{}).Bounce(); ok {
			t.Errorf("%q: got %+v", raw, b)
		}
	}
}

func TestBounceOfManyRecipients(t *testing.T) {
	one := "\nFinal-Recipient: rfc822; r%@c.test\nAction: failed\nStatus: 5.1.1\n"
	var b strings.Builder
	for i := range 3000 {
		b.WriteString(strings.ReplaceAll(one, "%", strings.Repeat("x", i%7)))
	}
	begin := time.Now()
	got, ok := Parse([]byte(strings.Replace(dsn("failed", "5.2.2", "smtp; full"), "\n--b\nContent-Type: text", b.String()+"\n--b\nContent-Type: text", 1)), Options{}).Bounce()
	if !ok || len(got.Deliveries) < 7 || len(got.Deliveries) > maxDeliveries {
		t.Errorf("got %v, %d deliveries", ok, len(got.Deliveries))
	}
	if d := time.Since(begin); d > 10*time.Second {
		t.Errorf("took %v", d)
	}
}

func FuzzBounce(f *testing.F) {
	f.Add([]byte(dsn("failed", "5.1.1", "smtp; 550 5.1.1 no such user")))
	f.Add([]byte("Return-Path: <>\nFrom: MAILER-DAEMON@mx\nSubject: failure notice\n\n<li@c.test>:\n>>> RCPT TO:<li@c.test>\n<<< 550 5.2.2 full\n--- Below this line is a copy of the message.\n\nMessage-ID: <a@b>\n"))
	f.Add([]byte("From: PostMaster@qq.test\nSubject: 系统退信\nContent-Type: text/html\n\n<p>收件人：n@q.test</p><p>邮箱不存在</p>"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		m := Parse(raw, Options{})
		b, ok := m.Bounce()
		if ok && (len(b.Deliveries) == 0 || len(b.Deliveries) > maxDeliveries || b.Reason == "") {
			t.Errorf("%+v", b)
		}
		for _, d := range b.Deliveries {
			if d.Hard && d.Delayed || d.Hard && !d.Failed() {
				t.Errorf("%+v", d)
			}
		}
		if c := m.Class(Own{}); ok && c.MayAutoReply() {
			t.Errorf("a %s report would be answered as %s", b.Reason, c)
		}
	})
}

// TestBounceIsLinear reads the longest report there may be; the ceiling only
// catches what grows faster than the mail.
func TestBounceIsLinear(t *testing.T) {
	for name, line := range map[string]string{
		"recipients": "r%@c.test: 550 5.1.1 user unknown\n", "transcript": ">>> RCPT TO:<r%@c.test>\n<<< 550 r%@c.test unknown\n",
		"words": "the account user mailbox recipient address domain host name \n", "blank": "\n", "one line": "user <r@c.test> ",
	} {
		var b strings.Builder
		b.WriteString("Return-Path: <>\nFrom: MAILER-DAEMON@mx.test\nSubject: failure notice\n\nYour message could not be delivered. 550 x\n")
		for i := 0; b.Len() < 300<<10; i++ {
			b.WriteString(strings.ReplaceAll(line, "%", time.Duration(i).String()))
		}
		begin := time.Now()
		Parse([]byte(b.String()), Options{}).Bounce()
		d := time.Since(begin)
		t.Logf("%s: %v", name, d)
		if d > 10*time.Second {
			t.Errorf("%s: %v", name, d)
		}
	}
}

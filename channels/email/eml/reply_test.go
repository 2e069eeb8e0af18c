package eml

import (
	"strings"
	"testing"
	"time"
	"unicode"
)

// answered is a customer's text of two sentences; told is what he answered.
const (
	answered = "货还没到，请帮我查一下。\n订单号 88231。"
	told     = "您好，已为您登记。\n客服小李"
)

// quotedLines puts a mark before each line.
func quotedLines(s string) string { return "> " + strings.ReplaceAll(s, "\n", "\n> ") }

func TestStripText(t *testing.T) {
	for _, tt := range []struct {
		name, above, below string // the text of the reply, and what follows it
	}{
		{"Gmail in Chinese", answered, "\n\n客服 <help@shop.test> 于2025年6月1日周日 09:12写道：\n\n" + quotedLines(told)},
		{"Gmail wraps its line in the middle of the date", answered, "\n\n客服 <a-long-name-of-a-mailbox@support.shop.test> 于2025年6月1日周日\n09:12写道：\n\n" + quotedLines(told)},
		{"Gmail in Taiwan", answered, "\n\n客服 <help@shop.test> 於 2025年6月1日 週日 上午9:12寫道：\n\n" + quotedLines(told)},
		{"iPhone, with the app's line", answered, "\n\n发自我的iPhone\n\n> 在 2025年6月1日，09:12，客服 <help@shop.test> 写道：\n> \n" + quotedLines(told)},
		{"iPhone without marks", answered, "\n\n发自我的iPhone\n\n在 2025年6月1日，上午9:12，客服 <help@shop.test> 写道：\n\n" + told},
		{"QQ Mail in the browser", answered, "\n\n\n------------------&nbsp;原始邮件&nbsp;------------------\n发件人:&nbsp;\"客服\"<help@shop.test&gt;;\n发送时间:&nbsp;2025年6月1日(星期天) 上午9:12\n收件人:&nbsp;\"王\"<w@mail.test&gt;;\n主题:&nbsp;订单\n\n" + told},
		{"QQ Mail on a phone", answered, "\n\n发自我的vivo手机\n\n---原始邮件---\n发件人: \"客服\"<help@shop.test>\n发送时间: 2025年6月1日 09:12\n\n" + told},
		{"NetEase in the browser", answered, "\n\n\n在 2025-06-01 09:12:33，\"客服\" <help@shop.test> 写道：\n\n" + told},
		{"NetEase in English", answered, "\n\n\nAt 2025-06-01 09:12:33, \"help\" <help@shop.test> wrote:\n\n" + told},
		{"NetEase's phone app with its table", answered, "\n\n| |\n王五\n|\n|\nw@163.test\n|\n\n---- 回复的原邮件 ----\n| 发件人 | 客服<help@shop.test> |\n| 日期 | 2025年06月01日 09:12 |\n| 收件人 | w<w@163.test> |\n| 主题 | 订单 |\n\n" + told},
		{"DingTalk's mail with wide spaces in the labels", answered, "\n\n------------------------------------------------------------------\n发件人：客服<help@shop.test>\n日　期：2025年06月01日 09:12:33\n收件人：王五<w@mail.test>\n主　题：订单\n\n" + told},
		{"Outlook in Chinese without any line", answered, "\n\n发件人: 客服 <help@shop.test>\n已发送: 2025年6月1日 9:12\n收件人: 王五 <w@mail.test>\n主题: 订单\n\n" + told},
		{"Outlook in traditional characters", answered, "\n\n________________________________\n寄件者: 客服 <help@shop.test>\n寄件日期: 2025年6月1日 上午 09:12\n收件者: 王五 <w@mail.test>\n主旨: 訂單\n\n" + told},
		{"Outlook with stars", answered, "\n\n*From:* Help <help@shop.test>\n*Sent:* Sunday, June 1, 2025 9:12 AM\n*To:* Wang <w@mail.test>\n*Subject:* Order\n\n" + told},
		{"Foxmail with the sender's own address", answered, "\n\n\n\nw@mail.test\n \n发件人： 客服\n发送时间： 2025-06-01 09:12\n收件人： 王五\n主题： 订单\n" + told},
		{"Thunderbird", answered, "\n\n于 2025/6/1 09:12, 客服 写道:\n" + quotedLines(told)},
		{"a forwarded mail", answered, "\n\n---------- Forwarded message ---------\n发件人： 客服 <help@shop.test>\nDate: 2025年6月1日周日 09:12\nSubject: 订单\n\n" + told},
		{"Japanese", "承知しました。", "\n\n2025年6月1日(日) 9:12 サポート <help@shop.test>:\n\n" + quotedLines(told)},
		{"Korean", "알겠습니다.", "\n\n2025년 6월 1일 (일) 오전 9:12, 고객센터 <help@shop.test>님이 작성:\n\n" + quotedLines(told)},
		{"English in three lines", "Still nothing.", "\n\nOn Jun 1, 2025,\nat 9:12 AM,\nHelp Desk <help@shop.test> wrote:\n\n" + quotedLines(told)},
		{"German", "Es ist nichts gekommen.", "\n\nAm 1. Juni 2025 um 09:12 schrieb Hilfe <help@shop.test>:\n\n" + told},
		{"French in two lines", "Rien reçu.", "\n\nLe dim. 1 juin 2025 à 09:12, Aide <help@shop.test> a\nécrit :\n\n" + quotedLines(told)},
		{"Hebrew with direction marks", "לא קיבלתי.", "\n\n\u202bב-1 ביוני 2025 בשעה 9:12 \u202aHelp\u202c <help@shop.test>:\u202c\n\n" + quotedLines(told)},
		{"a helpdesk's line", "Thanks!", "\n\n##- Please type your reply above this line -##\n\nYour request was updated."},
		{"a signature under its delimiter", answered, "\n\n-- \n王五 | 采购部\n电话 010-88230000"},
		{"a signature under a drawn line", "See attached.", "\n\n_______________\nJo Wang\nBuyer\njo@mail.test"},
		{"a closing with ways to call", "See attached.", "\n\nBest regards,\nJo Wang\nBuyer, Mail Ltd\n+44 20 7946 0000"},
		{"a notice in Chinese", answered, "\n\n本邮件及其附件含有某公司的保密信息，仅限于发送给上面地址中列出的个人。如果您错收了本邮件，请立即通知发件人并删除。"},
		{"a notice in English", "See attached.", "\n\nThis e-mail and any attachments are confidential and intended solely for the addressee. If you received this by error, delete it."},
	} {
		r := StripText(tt.above + tt.below)
		if fold(r.Text) != fold(tt.above) || r.Only {
			t.Errorf("%s: got %q, want %q", tt.name, r.Text, tt.above)
		}
	}
}

func TestStripTextKeeps(t *testing.T) {
	for _, tt := range []struct{ name, text string }{
		{"a parcel's form", "请改地址：\n\n寄件人：王五\n收件人：赵六\n日期：2025-06-01\n电话：13900000000\n\n谢谢"},
		{"who wrote what, in prose", "我在 6 月 1 日的邮件里写道：请退款。\n至今没有人理我。"},
		{"a sentence that sends something off", "包裹是 6 月 1 日\n从上海仓库发出\n到现在没有物流"},
		{"a sentence from the heart", "谢谢你们。\n\n发自内心的感谢"},
		{"a mail that begins with more-than", "> 5 天没有发货\n> 10 天没有回复"},
		{"pasted code", "It fails here:\n\n```\nSent from my script\n-- \nx := 1\n```\n\nWhy?"},
		{"a list after dashes", "Two things:\n--\nFirst, where is it?\nSecond, who pays?"},
		{"regards within a sentence", "With regards to the bill of 1 May 2025, I wrote:\nplease correct it. Nobody did."},
		{"a question about an address", "请在 2025-06-01 09:00 之前把发票发到 <w@mail.test>:\n抬头是某某公司"},
		{"goods on the way", "Two parcels.\n\nSent via DHL last week\n\nWhere are they?"},
	} {
		if r := StripText(tt.text); fold(r.Text) != fold(tt.text) {
			t.Errorf("%s: got %q and quoted %q, sign %q", tt.name, r.Text, r.Quoted, r.Signature)
		}
	}
}

func TestStripTextFindsAnswersBelow(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"answer under the quote", "On 1 Jun 2025 at 09:12, Help <help@shop.test> wrote:\n> When did you order?\n\nOn Monday.", "On Monday."},
		{"answers between quotes", "On 1 Jun 2025 at 09:12, Help <help@shop.test> wrote:\n> Colour?\nRed.\n> Size?\nLarge.", "Red.\nLarge."},
		{"above and below", "见下。\n\n在 2025年6月1日，客服 <help@shop.test> 写道：\n> 颜色？\n\n红色", "见下。\n\n红色"},
		{"a wrapped quote is no answer", "Yes.\n\n> This sentence of the earlier mail was much too long for the line and was\nwrapped without a mark\n> and went on", "Yes."},
	} {
		if r := StripText(tt.text); fold(r.Text) != fold(tt.want) {
			t.Errorf("%s: got %q, want %q", tt.name, r.Text, tt.want)
		}
	}
}

func TestOnlyQuoted(t *testing.T) {
	r := StripText("\n\n------------------ 原始邮件 ------------------\n发件人: 客服\n发送时间: 2025年6月1日 09:12\n主题: 订单\n\n" + told)
	if !r.Only || r.Text != "" || !strings.Contains(r.Quoted, "已为您登记") {
		t.Errorf("got %+v", r)
	}
	if r := StripText(""); r.Only {
		t.Error("an empty mail quotes nothing")
	}
}

func TestReplyCutsHTML(t *testing.T) {
	quote := "<div>您好，已为您登记。</div>"
	for _, tt := range []struct{ name, html, want string }{
		{"Gmail", `<div>红色</div><div class="gmail_quote"><div class="gmail_attr">客服 &lt;help@shop.test&gt; 于2025年6月1日周日 09:12写道：<br></div><blockquote class="gmail_quote">` + quote + `</blockquote></div>`, "红色"},
		{"Gmail, answered between", `<div class="gmail_quote"><div class="gmail_attr">On Sun, Jun 1, 2025 at 9:12 Help &lt;help@shop.test&gt; wrote:</div><blockquote class="gmail_quote">颜色？</blockquote><div>红色</div><blockquote class="gmail_quote">尺寸？</blockquote><div>大号</div></div>`, "红色 大号"},
		{"Outlook on the web", `<div>红色</div><hr><div id="divRplyFwdMsg"><b>发件人:</b> 客服<br></div>` + quote, "红色"},
		{"Outlook's line above the header", `<p>红色</p><div style="border:none; border-top:solid #E1E1E1 1.0pt"><p><b>From:</b> Help</p></div>` + quote, "红色"},
		{"Apple Mail", `<div>红色</div><div><blockquote type="cite">` + quote + `</blockquote></div>`, "红色"},
		{"NetEase", `<div>红色</div><pre>在 2025-06-01 09:12:33，"客服" &lt;help@shop.test&gt; 写道：</pre><blockquote id="isReplyContent">` + quote + `</blockquote>`, "红色"},
		{"QQ Mail", `<div>红色</div><includetail><div>原始邮件</div>` + quote + `</includetail>`, "红色"},
		{"QQ Mail's grey box", `<div>红色</div><div style="font-size:12px;background:#efefef;padding:8px;"><b>发件人:</b> 客服</div>` + quote, "红色"},
		{"an indented paragraph is no quote", `<div>合同写的是：</div><blockquote>七天内发货</blockquote><div>请执行</div>`, "合同写的是： 七天内发货 请执行"},
	} {
		m := &Mail{HTML: tt.html, Text: htmlText(tt.html)}
		if r := m.Reply(); fold(r.Text) != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, r.Text, tt.want)
		}
	}
}

// TestStripTextIsLinear gives it the worst it takes; the ceiling only catches
// what grows faster than the text.
func TestStripTextIsLinear(t *testing.T) {
	for name, line := range map[string]string{
		"quotes": "> > >\n", "labels": "From: a@b\nDate: 10:00\n", "openings": "On 1 Jun 2025 at 9:12 x wrote\n", "signs": "-- \n",
		"bars": "| |\n", "fences": "```\n", "marks": markOpen + "\n", "names": "a <b@c.test>\n", "one line": "on 1:00 ", "closings": "regards\n",
	} {
		begin := time.Now()
		StripText(strings.Repeat(line, 2<<20/len(line)))
		d := time.Since(begin)
		t.Logf("%s: %v", name, d)
		if d > 10*time.Second {
			t.Errorf("%s: %v", name, d)
		}
	}
}

// TestReplyOfHTMLIsLinear does the same with markup.
func TestReplyOfHTMLIsLinear(t *testing.T) {
	const box = `<div style="background:#efefef">`
	for name, html := range map[string]string{
		"grey boxes":        strings.Repeat(box, 500) + strings.Repeat("x ", 500<<10),
		"blanks in a box":   box + strings.Repeat("<i> </i>", 100<<10),
		"quotes in quotes":  strings.Repeat(`<div class="gmail_quote">`, 500) + strings.Repeat("<b>x</b>", 100<<10),
		"quotes in a row":   strings.Repeat(`<blockquote type="cite">x</blockquote>`, 20<<10),
		"deeper than deep":  strings.Repeat("<div>", 50000),
		"separators in tds": "<table>" + strings.Repeat("<tr><td>----原始邮件----</td></tr>", 20<<10),
	} {
		m := &Mail{HTML: html, Text: "see the HTML"}
		begin := time.Now()
		m.Reply()
		d := time.Since(begin)
		t.Logf("%s: %v", name, d)
		if d > 10*time.Second {
			t.Errorf("%s: %v", name, d)
		}
	}
}

// letters counts what is neither space nor one of the marks that stripping
// reads.
func letters(s string) (n int) {
	for _, r := range s {
		if !unicode.IsSpace(r) && !strings.ContainsRune(markOpen+markClose+markRest+"-—", r) {
			n++
		}
	}
	return n
}

func FuzzStrip(f *testing.F) {
	f.Add("Yes.\n\nOn 1 Jun 2025 at 9:12, Help <h@x.test> wrote:\n> q\n\n-- \nme")
	f.Add("好\n------------------ 原始邮件 ------------------\n发件人: a\n发送时间: 10:00\n主题: b\n")
	f.Add(markOpen + "\na\n" + markClose + "\nb\n" + markRest + "\n```\n> c")
	f.Add("本邮件含有保密信息，仅限于发送给上面地址中列出的个人，禁止转发。\r\n| |\r\n签名由网易邮箱大师定制")
	f.Fuzz(func(t *testing.T, s string) {
		r := StripText(s)
		// Nothing is thrown away and nothing is made up; a closing stands twice.
		in := letters(normalise(s))
		if out := letters(r.Text) + letters(r.Quoted) + letters(r.Signature) + letters(r.Disclaimer); out < in || out > in+letters(r.Signature) {
			t.Errorf("%d letters in, %d out: %+v", in, out, r)
		}
		if r.Only && (r.Text != "" || r.Quoted == "") {
			t.Errorf("only quoted, but %+v", r)
		}
	})
}

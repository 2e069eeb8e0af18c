package eml

import (
	"strings"
)

var (
	// sentFrom is the line that a phone or an app adds.
	sentFrom = lazy(`(?i)^[\s*_(\[]*(?:` +
		`发自我的.{1,40}|發自我的.{1,40}|从我的.{1,40}(?:发送|发出)|從我的.{1,40}(?:發送|傳送|寄出)|来自我的.{1,40}|來自我的.{1,40}|` +
		`(?:发自|發自|发送自|發送自|来自|來自|从|從|由|通过|使用|寄件自|传送自|傳送自)\s?.{0,30}` + device + `.{0,30}|签名由.{1,40}定制|` +
		`(?:获取|下载|取得|下載)\s?(?:适用于.{0,20}的\s?)?` + device + `.{0,40}|.{1,30}から送信|.{1,30}에서 보냄|` +
		`sent from (?:my|a|an|the) .{1,80}|sent from \S+(?: \S+)?|sent (?:from|via|with|using|on) .{0,60}` + device + `.{0,60}|` +
		`sent (?:from|via|with|using) \S+ ?<?https?://.{0,100}|(?:via|from my) (?:mobile|phone|iphone|ipad|android)|get .{0,30}` + device + `.{0,60}|` +
		`(?:gesendet|versendet) (?:von|mit|über) .{1,60}|von meinem .{1,40} gesendet|diese nachricht wurde von .{1,40} gesendet|` +
		`envoyé (?:de|depuis|avec|à partir d[e']) ?.{1,60}|(?:télécharger|obtenez|obtenir) outlook .{0,60}|` +
		`enviado (?:desde|do|a partir do|de|pelo|mediante) .{1,60}|(?:obtener|obter) .{0,12}outlook .{0,60}|` +
		`inviato (?:da|dal) .{1,60}|(?:scarica|ottieni) outlook .{0,60}|(?:verzonden|verstuurd) (?:vanaf|met|via) .{1,60}|` +
		`skickat från .{1,60}|sendt fra .{1,60}|lähetetty \S.{0,60}|wysłan[eo] z .{1,60}|odesl[aá]no z .{1,60}|odoslané z .{1,60}|отправлено (?:с|из) .{1,60}|.{1,30} gönderildi)[\s*_)\]]*$`)
	sentence = lazy(`[。！？，,!?;；]\s*\S|[。！？]$|内心|真心|心底|肺腑|吗$`)
)

// device is what sends mails by itself.
const device = `(?:iphone|ipad|android|安卓|手机|手機|平板|电脑|電腦|邮箱|郵箱|信箱|邮件应用|邮件客户端|客户端|版邮件|大师|outlook|foxmail|windows|macbook|galaxy|huawei|华为|honor|荣耀|xiaomi|小米|redmi|oppo|vivo|samsung|三星|魅族|一加|blackberry|mobile|phone|tablet|yahoo|gmail|proton|thunderbird|airmail|spark|mail\b|app\b|nine\b|bluemail|aqua ?mail)`

// isSentFrom reports whether s is such a line and not a sentence.
func isSentFrom(s string) bool {
	return len(s) <= 400 && sentFrom.MatchString(s) && !sentence.MatchString(linkIn.ReplaceAllString(s, ""))
}

var linkIn = lazy(`<?(?:https?://|mailto:|www\.)[^\s>]*>?`)

// isRule reports whether s is nothing but a drawn line.
func isRule(s string) bool {
	return len(s) >= 2 && strings.Trim(s, "-_=—–─━*~#· ") == "" && strings.Trim(s, " ") != ""
}

// noticeStart begins a notice; noticeWords must be in it too.
var (
	noticeStart = lazy(`(?i)^[\s*_\[(【<"“]*(?:[本此该这該這]\s?(?:封)?\s?(?:电子|電子)?(?:邮件|郵件|信件|信息|訊息|e-?mail)(?:及|和|（|\(|包|含|可|中|仅|僅|是|所|内|內|的|为|為|，|（含)|` +
		`(?:免责|免責|保密|机密|機密|隐私|法律)(?:声明|聲明|提示|条款|通知|公告)|声明\s*[:：]|重要(?:提示|声明)|このメール|本メール|` +
		`(?:e-?mail )?(?:confidentiality|privacy|legal) (?:notice|note|statement|disclaimer|warning)|disclaimer|confidential(?:ity)?\s*[:：]|important notice|` +
		`(?:the (?:information|contents?)(?: \S+){0,3} (?:in|of|contained in|transmitted (?:with|in|by)) )?this (?:e-?mail|electronic (?:mail|message)|message|communication|transmission|internet e-?mail)|` +
		`the (?:information|contents?) (?:contained |transmitted |included )?(?:in|of|with) this|` +
		`diese (?:e-?mail|nachricht)|ce (?:message|courriel|mail)|este (?:mensaje|correo|mensagem|e-?mail)|esta (?:mensagem|e-?mail)|questo messaggio|questa e-?mail|le informazioni contenute|dit (?:e-?mail)?bericht|deze e-?mail|это сообщение|please consider the environment|请考虑环境|before printing)`)
	noticeWords = lazy(`(?i)保密|机密|機密|错收|錯收|误收|誤收|收件人以外|未经授权|未經授權|特定的?(?:个人|收件人)|仅(?:限|供)|僅(?:限|供)|免责|免責|保护环境|機密情報|守秘|` +
		`confiden|privileged|intended (?:only|solely|recipient|for)|addressee|unauthori[sz]ed|received (?:this|it) (?:\S+ ){0,3}(?:in|by) error|vertraulich|confidentiel|confidenc|destinat|riservat|vertrouwelijk|конфиденц|environment`)
)

// minNotice is the shortest notice in columns: below, it is a sentence.
const minNotice = 40

// markNotices finds the first paragraph of the text that is a notice of
// confidentiality; it and the text below are one.
func (l *letter) markNotices() {
	written := false
	for i := 0; i < len(l.clean); i++ {
		if l.part[i] != partText || l.clean[i] == "" {
			continue
		}
		starts := i == 0 || l.clean[i-1] == "" || isRule(l.clean[i-1]) || l.part[i-1] != partText
		if starts && written && noticeStart.MatchString(l.clean[i]) && l.notice(i) {
			from := i
			for from > 0 && l.part[from-1] == partText && (l.clean[from-1] == "" || isRule(l.clean[from-1])) {
				from--
			}
			for k := from; k < len(l.part); k++ {
				if l.part[k] == partText {
					l.part[k] = partNotice
				}
			}
			return
		}
		written = written || !isRule(l.clean[i])
	}
}

// notice reports whether the paragraph at i reads like a notice.
func (l *letter) notice(i int) bool {
	var b strings.Builder
	// A heading stands alone: the paragraph below counts too.
	for k, gaps := i, 0; k < len(l.clean) && l.part[k] == partText && b.Len() < 4000; k++ {
		if l.clean[k] == "" {
			if gaps++; gaps > 1 || b.Len() > 60 {
				break
			}
			continue
		}
		b.WriteString(l.clean[k])
		b.WriteByte(' ')
	}
	return width(b.String()) >= minNotice && noticeWords.MatchString(b.String())
}

// How many lines that are not blank a signature may have: under the exact
// delimiter of RFC 3676, and under any other.
const (
	maxSigned = 20
	maxBlock  = 10
)

var (
	contact = lazy(`(?i)[^\s@]+@[^\s@]+\.[a-z]{2,}|https?://|www\.|\+?\d[\d() .-]{6,}\d|mailing list|(?:电话|電話|手机|手機|传真|tel|phone|mobile|fax|cell)\b?\s*[.:：]`)
	closed  = lazy(`(?i)^(?:(?:best|kind|warm|warmest|many|with best|with kind|yours?)\s)?(?:regards|wishes|thanks|thank you(?: very much| so much)?|thanks(?: again| a lot| so much| in advance)?|cheers|sincerely(?: yours)?|yours (?:truly|faithfully|sincerely)|respectfully|cordially|` +
		`mit freundlichen grüßen|viele grüße|freundliche grüße|cordialement|bien à vous|saludos|atentamente|cordiali saluti|distinti saluti|met vriendelijke groet|顺祝商祺|順頌商祺|顺颂商祺|此致|敬礼|敬禮|祝商祺|祝好|祝顺利|よろしくお願いします|敬具)[\s,，.!！、。]*$`)
)

// markSignature finds the sender's block at the end of the text.
func (l *letter) markSignature(sender string) {
	var text []int // the text's lines that are not blank
	fenced := l.fences()
	for i := range l.clean {
		if l.part[i] == partText && l.clean[i] != "" && !fenced[i] {
			text = append(text, i)
		}
	}
	for k, i := range text {
		if k == 0 && !l.delimiter(i) {
			continue
		}
		below := text[k+1:]
		if l.signs(i, below) || i > 0 && l.clean[i-1] == "" && l.signedBy(sender, text[k:]) {
			for _, at := range text[k:] {
				l.part[at] = partSign
			}
			if l.delimiter(i) {
				l.clean[i] = "" // it says nothing
			}
			return
		}
	}
}

// delimiter reports whether line i is the signature delimiter of RFC 3676,
// also where its trailing space was lost.
func (l *letter) delimiter(i int) bool { return l.clean[i] == "--" || l.clean[i] == "—" }

// signs reports whether line i begins a signature of which below is the rest.
func (l *letter) signs(i int, below []int) bool {
	s, n := l.clean[i], len(below)
	switch {
	case l.delimiter(i) && strings.HasPrefix(l.raw[i], "-- "):
		return n <= maxSigned
	case l.delimiter(i):
		return n <= maxBlock && !l.prose(below)
	case n == 0:
		return isRule(s) || isSentFrom(s)
	case isRule(s):
		return n <= maxBlock && l.card(below)
	case tableCell(s):
		return n <= 2*maxBlock && l.cells(below)
	case closed.MatchString(s):
		return n <= maxBlock && n > 1 && l.card(below)
	case isSentFrom(s):
		return n <= maxBlock && l.allSent(below)
	}
	return false
}

// card reports whether the lines hold a way to reach someone and no prose.
func (l *letter) card(at []int) bool {
	for _, i := range at {
		if contact.MatchString(l.clean[i]) {
			return !l.prose(at)
		}
	}
	return false
}

// prose reports whether the lines read like sentences.
func (l *letter) prose(at []int) bool {
	for _, i := range at {
		if width(l.clean[i]) > 100 || strings.ContainsAny(l.clean[i], "？?。！") {
			return true
		}
	}
	return false
}

// signedBy reports whether the lines are one block with the sender's own
// address in it.
func (l *letter) signedBy(sender string, at []int) bool {
	if sender == "" || len(at) < 2 || len(at) > maxBlock || at[len(at)-1]-at[0] >= len(at) || !l.card(at) {
		return false
	}
	for _, i := range at {
		if strings.Contains(strings.ToLower(l.clean[i]), strings.ToLower(sender)) {
			return true
		}
	}
	return false
}

// tableCell reports whether s is a piece of the table that NetEase's mailer
// draws around a signature in plain text.
func tableCell(s string) bool { return s != "" && strings.Trim(s, "| ") == "" }

// cells reports whether such a table goes on in the lines.
func (l *letter) cells(at []int) bool {
	bars := 0
	for _, i := range at {
		if tableCell(l.clean[i]) {
			bars++
		} else if width(l.clean[i]) > 100 {
			return false
		}
	}
	return bars > 0
}

func (l *letter) allSent(at []int) bool {
	for _, i := range at {
		if !isSentFrom(l.clean[i]) && !isRule(l.clean[i]) {
			return false
		}
	}
	return true
}

// closing returns the closing under a text: a phrase and at most three short
// lines.
func closing(text string) string {
	lines := strings.Split(text, "\n")
	for k := len(lines) - 1; k > 0 && k >= len(lines)-5; k-- {
		if closed.MatchString(cleanLine(lines[k])) && k < len(lines)-1 {
			for _, s := range lines[k+1:] {
				if width(s) > 40 {
					return ""
				}
			}
			return strings.TrimSpace(strings.Join(lines[k:], "\n"))
		}
	}
	return ""
}

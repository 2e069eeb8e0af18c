package eml

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// intro returns the line behind what introduces a quoted mail at i, or i.
func (l *letter) intro(i int) int {
	s := l.clean[i]
	if s == markRest || isSeparator(s) {
		return i + 1
	}
	if end := l.headers(i); end > i {
		return end
	}
	return l.attribution(i)
}

// Separators name an earlier mail between drawn lines, in any of these words.
var (
	separator = lazy(`^[*>\s]*[-_=—–─]{2,}\s*(.{2,60}?)\s*[-_=—–─]{2,}[\s:：*]*$`)
	earlier   = lazy(`(?i)原始(?:邮件|郵件|信息|消息|讯息|信件|内容)|原邮件|原郵件|原信|邮件原[文件]|郵件原[文件]|转发(?:的)?(?:邮件|信息)|轉[寄發](?:的)?(?:郵件|訊息)|转发邮件信息|` +
		`^original$|original (?:message|mail|e-?mail|appointment)|forwarded (?:message|by|mail)|repl(?:y|ied) message|` +
		`ursprüngliche|weitergeleitete|message (?:d'origine|original|transféré)|mensa[jg]em? original|mensaje (?:original|reenviado)|mensagem (?:original|encaminhada)|messaggio (?:originale|inoltrato)|` +
		`oorspronkelijk|doorgestuurd|oprindelig|opprinnelig|ursprungligt|vidarebefordrat|alkuperäinen|исходное|пересылаемое|пересланное|původní|wiadomość oryginalna|元のメッセージ|転送|원본|전달`)
	replyAbove = lazy(`(?i)^[\s#>*\[(-–—-]*(?:please )?(?:type your |write your |enter your )?reply (?:above|below) this line|^[\s#>*\[(-–—-]*请?在(?:此行|这一行|本行|此线|分割线)(?:以?上|之上|上方)(?:方)?(?:回复|输入)`)
	forwarded  = lazy(`(?i)^(?:begin forwarded message|anfang der weitergeleiteten|début du message (?:transféré|réexpédié)|inicio del mensaje reenviado|inizio messaggio inoltrato|início da mensagem (?:re)?encaminhada|开始转发的(?:邮件|信息)|以下是转发的邮件|轉寄的郵件|転送されたメッセージ)\s*[:：]?$`)
)

func isSeparator(s string) bool {
	if len(s) > 200 {
		return false
	}
	if m := separator.FindStringSubmatch(s); m != nil {
		return earlier.MatchString(m[1])
	}
	return forwarded.MatchString(s) || replyAbove.MatchString(s)
}

// field is what a label line of a quoted header says.
type field byte

const (
	fieldFrom field = 1 << iota
	fieldDate
	fieldTo
	fieldSubject
	fieldOther
	fieldPlace // a parcel form, not a mail
)

// labels are the words before the colon, lower case and without spaces.
var labels = labelWords(map[field]string{
	fieldFrom: `from 发件人 發件人 寄件者 寄件人 发信人 發信人 发送人 差出人 送信者 von de da expéditeur mittente remitente van fra från od от lähettäjä kimden feladó відправник 보낸사람 보낸이`,
	fieldDate: `sent date 已发送 已傳送 发送于 发送时间 發送時間 发送日期 發送日期 发件时间 发信时间 日期 时间 時間 傳送時間 傳送日期 寄件日期 寄件時間 送信日時 日時 gesendet datum envoyé envoyéle messagedu enviado enviadoel enviadaem fecha data inviato skickat sendt verzonden отправлено дата надіслано wysłano odesláno lähetetty gönderildi tarih 날짜 보낸날짜 보낸시간`,
	fieldTo: `to 收件人 收件者 收信人 宛先 主送 an à para a aan til till do komu кому vastaanottaja kime címzett 받는사람 받는이 destinataire ` +
		`destinatario`,
	fieldSubject: `subject 主题 主題 主旨 标题 標題 件名 betreff objet asunto assunto oggetto ämne emne onderwerp тема temat předmět aihe konu tárgy 제목 sujet`,
	fieldOther:   `cc bcc 抄送 副本 密送 密件副本 kopie kopia copie copieà copia копия reply-to replyto 回复 回覆 回复至 importance 重要性 attachments 附件 添付ファイル organization`,
	fieldPlace:   `电话 電話 手机 手機 联系电话 地址 收货地址 收件地址 寄件地址 phone tel mobile address 单号 运单号 快递单号 物品`,
})

func labelWords(in map[field]string) map[string]field {
	out := map[string]field{}
	for f, words := range in {
		for _, w := range strings.Fields(words) {
			out[w] = f
		}
	}
	return out
}

// label reads a header line of a quoted mail, with or without marks.
func label(s string) (f field, value string) {
	s = strings.TrimLeft(s, ">＞*_|·•- ")
	at := strings.IndexAny(s, ":：|")
	if at <= 0 || at > 40 {
		return 0, ""
	}
	key := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '*' || r == '_' {
			return -1
		}
		return unicode.ToLower(r)
	}, s[:at])
	_, size := utf8.DecodeRuneInString(s[at:])
	return labels[key], strings.Trim(s[at+size:], " *_|")
}

// headerLines is how many lines a quoted header may take: folded addresses
// and blank lines of webmailers included.
const headerLines = 9

// headers returns the line behind a block of mail headers that begins at i:
// a sender and two other fields, a date or a subject among them.
func (l *letter) headers(i int) int {
	first, value := label(l.clean[i])
	if first == 0 || first == fieldPlace || first == fieldOther {
		return i
	}
	var seen field
	end, timed, mailbox := i, false, false
	for at := i; at < len(l.clean) && at < i+headerLines; at++ {
		f, v := label(l.clean[at])
		if at == i {
			v = value
		}
		switch {
		case f == fieldFrom && seen&fieldFrom != 0:
			at = len(l.clean) // the next mail's header
			continue
		case f == fieldDate:
			timed = timed || clockTime.MatchString(v)
		case f == fieldFrom || f == fieldTo:
			mailbox = mailbox || strings.Contains(v, "@")
		}
		seen |= f
		if f != 0 && f != fieldPlace {
			end = at + 1
		}
	}
	kinds := 0
	for f := fieldFrom; f < fieldPlace; f <<= 1 {
		if seen&f != 0 {
			kinds++
		}
	}
	parcel := seen&fieldPlace != 0 && !mailbox
	sure := seen&fieldSubject != 0 || seen&fieldDate != 0 && (timed || mailbox)
	if seen&fieldFrom == 0 || kinds < 3 || !sure || parcel {
		return i
	}
	return end
}

var (
	clockTime = lazy(`\d{1,2}\s*[:：時时点hH]\s*\d{2}`)
	someDate  = lazy(`(?i)\d{1,2}[:：]\d{2}|(?:19|20)\d{2}\s*[年년/.-]\s*\d{1,2}|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d{1,2}\s*月\s*\d{1,2}|\b(?:19|20)\d{2}\b|[\x{660}-\x{669}\x{6f0}-\x{6f9}]{4}|` +
		`\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.? \d{1,2}\b`)
	// wrote ends an attribution: who wrote, in the languages that mailers speak.
	wrote = lazy(`(?i)(?:写道|寫道|写到|寫到|写了|寫了|发表|のメール|のメッセージ|は書きました|が書きました|からの引用|작성|님이 작성|씀|` +
		`\bwrote|\bwrites|\bsaid|\bschrieb(?: \S.{0,150})?|\ba écrit|\bha scritto|\bescribió|\bescreveu(?: \(.{0,60}\))?|\bschreef(?: \S.{0,150})?|\bskrev(?: \S.{0,150})?|\bkirjoitti|\bnapisał(?:\(a\)|a)?|\bnapsal(?:\(a\)|a)?|\bnapísal(?:\(a\)|a)?|` +
		`написал(?:\(а\)|а)?|написав(?:\(ла\))?|написала|пишет|пише|написа|\byazdı| írta(?: \(.{0,60}\))?|\bnapisao(?: je)?|\bva escriure|เขียนว่า|\ba scris| đã viết|\bmenulis|\bpisze|\bhet volgende geschreven|\bje napisal(?:\(a\)|a)?|\bkrašė|\brašė|\bkirjutas|كتب|נכתב|כתב(?:ה)?|έγραψε)\s*[:：]?[\s*—–_-]*$`)
	// addressed ends an attribution without a verb: "2024年3月5日 … <x@y>:".
	addressed = lazy(`[<\[(](?:mailto:)?[^<>\s\[\]()]+@[^<>\s\[\]()]+[>\])]+\s*[:：]\s*$`)
	mailboxIn = lazy(`[^\s<>"'(),:;\[\]]+@[^\s<>"'(),:;\[\]]+`)
	// opening begins an attribution.
	opening = lazy(`(?i)^[-*\s"“]*(?:(?:on|at|le|am|il|in data|el|em|op|den|dne|dnia|w dniu|pe|vào|pada|στις|в)\b|(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*[,.]|\p{Cyrillic}{2,12},|\p{Hebrew}|\p{Arabic}|\p{Thai}|在|于|於|\d{1,4}\s*[年년/.:-]|\d{1,2} \p{L}{3,})`)
	// telling marks prose about an earlier mail, not an attribution.
	telling     = lazy(`(?:邮件|郵件|信|评论|留言|合同|订单)(?:里|中|上|内)`)
	bareAddress = lazy(`^<?[^\s<>@]+@[^\s<>@]+\.[^\s<>@]+>?$`)
)

// attributionLines is over how many lines mailers wrap an attribution.
const attributionLines = 4

// attribution returns the line behind an attribution that begins at i, or i.
func (l *letter) attribution(i int) int {
	joined := ""
	for k := i; k < len(l.clean) && k < i+attributionLines; k++ {
		s := l.clean[k]
		if s == "" || l.quoted(k) || len(s) > 300 {
			return i
		}
		joined = strings.TrimSpace(joined + " " + s)
		if ends(s) && l.attributes(joined, k) && (k == i || l.begins(i, k)) {
			return k + 1
		}
	}
	return i
}

// ends reports whether a line may end an attribution: with a colon, or with
// the verb itself where mailers leave the colon out.
func ends(s string) bool {
	s = strings.TrimRight(s, " *-_—–")
	for _, end := range []string{":", "：", "wrote", "写道", "寫道"} {
		if strings.HasSuffix(s, end) {
			return true
		}
	}
	return false
}

// begins reports whether a wrapped attribution that ends at k may begin at i:
// with an opening and a figure, with a mailbox, or with the name before one.
func (l *letter) begins(i, k int) bool {
	s := l.clean[i]
	if opening.MatchString(s) && strings.ContainsAny(s, "0123456789") || strings.Contains(s, "<") || mailboxIn.MatchString(s) {
		return true
	}
	return strings.HasPrefix(l.clean[i+1], "<") && width(s) <= 40 && !strings.ContainsAny(s, "，。,.!?！？：:")
}

// attributes reports whether s, which ends in line k, says who wrote when.
func (l *letter) attributes(s string, k int) bool {
	next := l.next(k + 1)
	marked := next < len(l.clean) && l.quoted(next)
	if !someDate.MatchString(s) { // "Alex Example <alex@x.test> wrote:" and marks below
		return marked && wrote.MatchString(s) && (mailboxIn.MatchString(s) || len(strings.Fields(s)) <= 4 && width(s) <= 40 && !strings.ContainsAny(s, ",，。.!?"))
	}
	if addressed.MatchString(s) && opening.MatchString(s) {
		return true
	}
	if !wrote.MatchString(s) {
		return false
	}
	if mailboxIn.MatchString(s) {
		return true
	}
	return opening.MatchString(s) && (marked || clockTime.MatchString(s)) && (marked || !telling.MatchString(s))
}

// width is the columns of s: a Chinese character takes two.
func width(s string) int {
	n := 0
	for _, r := range s {
		if n++; r > 0x2e80 {
			n++
		}
	}
	return n
}

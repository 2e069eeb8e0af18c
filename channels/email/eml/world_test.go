package eml

import "testing"

// TestRepliesOfTheWorld cuts replies as mailers of many languages write them:
// what was written above, below and between.
func TestRepliesOfTheWorld(t *testing.T) {
	q := quotedLines("Wir haben Ihre Anfrage notiert.\nHelp")
	const m = "Help Desk <help@shop.test>"
	var right rate
	for _, tt := range []struct{ name, text, want string }{
		{"Gmail fr", "Merci !\n\nLe lun. 2 juin 2025 à 09:12, " + m + " a écrit :\n\n" + q, "Merci !"},
		{"Gmail fr wrapped", "Merci !\n\nLe lun. 2 juin 2025 à 09:12, Une Assez Longue Raison Sociale <\nhelp@shop.test> a écrit :\n\n" + q, "Merci !"},
		{"Apple fr", "Merci !\n\n> Le 2 juin 2025 à 09:12, Help Desk <help@shop.test> a écrit :\n> \n" + q, "Merci !"},
		{"Thunderbird fr", "Merci !\n\nLe 02/06/2025 à 09:12, Help Desk a écrit :\n" + q, "Merci !"},
		{"Gmail es", "Gracias.\n\nEl lun, 2 jun 2025 a las 9:12, Help Desk (<help@shop.test>) escribió:\n\n" + q, "Gracias."},
		{"Apple es", "Gracias.\n\nEl 2 jun 2025, a las 9:12, " + m + " escribió:\n\n" + q, "Gracias."},
		{"Gmail it", "Grazie.\n\nIl giorno lun 2 giu 2025 alle ore 09:12 " + m + " ha\nscritto:\n\n" + q, "Grazie."},
		{"Thunderbird it", "Grazie.\n\nIl 02/06/2025 09:12, Help Desk ha scritto:\n" + q, "Grazie."},
		{"Gmail pt", "Obrigado.\n\nEm seg., 2 de jun. de 2025 às 09:12, " + m + "\nescreveu:\n\n" + q, "Obrigado."},
		{"Gmail pt-PT", "Obrigado.\n\n" + m + " escreveu (segunda, 2/06/2025 à(s) 09:12):\n\n" + q, "Obrigado."},
		{"Gmail de", "Danke.\n\nAm Mo., 2. Juni 2025 um 09:12 Uhr schrieb Help Desk <\nhelp@shop.test>:\n\n" + q, "Danke."},
		{"Thunderbird de", "Danke.\n\nAm 02.06.25 um 09:12 schrieb Help Desk:\n" + q, "Danke."},
		{"Yahoo de", "Danke.\n\n    Help Desk <help@shop.test> schrieb am 9:12 Montag, 2.Juni 2025:\n\n Wir haben Ihre Anfrage notiert.", "Danke."},
		{"GMX de", "Danke.\n\nGesendet: Montag, 02. Juni 2025 um 09:12 Uhr\nVon: " + m + "\nAn: w@mail.test\nBetreff: Auftrag\n\nWir haben Ihre Anfrage notiert.", "Danke."},
		{"Gmail nl", "Bedankt.\n\nOp ma 2 jun 2025 om 09:12 schreef " + m + ":\n\n" + q, "Bedankt."},
		{"Thunderbird nl", "Bedankt.\n\nOp 02-06-2025 om 09:12 schreef Help Desk:\n" + q, "Bedankt."},
		{"Gmail sv", "Tack.\n\nDen mån 2 juni 2025 kl 09:12 skrev " + m + ":\n\n" + q, "Tack."},
		{"Apple sv", "Tack.\n\n2 juni 2025 kl. 09:12 skrev " + m + ":\n\n" + q, "Tack."},
		{"Gmail da", "Tak.\n\nDen man. 2. jun. 2025 kl. 09.12 skrev " + m + ":\n\n" + q, "Tak."},
		{"Gmail no", "Takk.\n\nman. 2. juni 2025 kl. 09:12 skrev " + m + ":\n\n" + q, "Takk."},
		{"Gmail fi", "Kiitos.\n\nma 2. kesäk. 2025 klo 9.12 Help Desk (help@shop.test) kirjoitti:\n\n" + q, "Kiitos."},
		{"Gmail pl", "Dzięki.\n\npon., 2 cze 2025 o 09:12 " + m + " napisał(a):\n\n" + q, "Dzięki."},
		{"Thunderbird pl", "Dzięki.\n\nW dniu 2.06.2025 o 09:12, Help Desk pisze:\n" + q, "Dzięki."},
		{"Gmail cs", "Díky.\n\npo 2. 6. 2025 v 9:12 odesílatel " + m + "\nnapsal:\n\n" + q, "Díky."},
		{"Gmail ru", "Спасибо.\n\nпн, 2 июн. 2025 г. в 09:12, " + m + ":\n\n" + q, "Спасибо."},
		{"Yandex ru", "Спасибо.\n\n02.06.2025, 09:12, \"Help Desk\" <help@shop.test>:\n\n" + q, "Спасибо."},
		{"Mail.ru", "Спасибо.\n\n--\nИван\n\n\nПонедельник, 2 июня 2025, 9:12 +03:00 от Help Desk <help@shop.test>:\n\n" + q, "Спасибо."},
		{"Gmail uk", "Дякую.\n\nпн, 2 черв. 2025 р. о 09:12 " + m + " пише:\n\n" + q, "Дякую."},
		{"Gmail tr", "Teşekkürler.\n\nHelp Desk <help@shop.test>, 2 Haz 2025 Pzt, 09:12 tarihinde şunu yazdı:\n\n" + q, "Teşekkürler."},
		{"Gmail hu", "Köszönöm.\n\nHelp Desk <help@shop.test> ezt írta (időpont: 2025. jún. 2., H, 9:12):\n\n" + q, "Köszönöm."},
		{"Gmail ro", "Mulțumesc.\n\nlun., 2 iun. 2025 la 09:12, " + m + " a scris:\n\n" + q, "Mulțumesc."},
		{"Gmail vi", "Cảm ơn.\n\nVào Th 2, 2 thg 6, 2025 vào lúc 09:12 " + m + " đã\nviết:\n\n" + q, "Cảm ơn."},
		{"Gmail id", "Terima kasih.\n\nPada tanggal Sen, 2 Jun 2025 pukul 09.12 " + m + " menulis:\n\n" + q, "Terima kasih."},
		{"Gmail th", "ขอบคุณ\n\nในวันที่ จ. 2 มิ.ย. 2025 เวลา 09:12 " + m + " เขียนว่า:\n\n" + q, "ขอบคุณ"},
		{"Gmail el", "Ευχαριστώ.\n\nΣτις Δευ 2 Ιουν 2025 στις 9:12 π.μ., ο χρήστης " + m + " έγραψε:\n\n" + q, "Ευχαριστώ."},
		{"Gmail ar", "شكرا\n\nفي الاثنين، ٢ يونيو ٢٠٢٥ ٩:١٢ ص " + m + " كتب:\n\n" + q, "شكرا"},
		{"Gmail ja", "承知しました。\n\n2025年6月2日(月) 9:12 " + m + ":\n\n" + q, "承知しました。"},
		{"Apple ja", "承知しました。\n\n2025/06/02 9:12、Help Desk <help@shop.test>のメール:\n\n" + q, "承知しました。"},
		{"Thunderbird ja", "承知しました。\n\nOn 2025/06/02 9:12, Help Desk wrote:\n" + q, "承知しました。"},
		{"Outlook ja", "承知しました。\n\n差出人: Help Desk <help@shop.test>\n送信日時: 2025年6月2日 9:12\n宛先: w@mail.test\n件名: 注文\n\nお世話になっております。", "承知しました。"},
		{"Gmail ko", "감사합니다.\n\n2025년 6월 2일 (월) 오전 9:12, " + m + "님이 작성:\n\n" + q, "감사합니다."},
		{"Naver ko", "감사합니다.\n\n-----Original Message-----\nFrom: \"고객센터\"<help@shop.test>\nTo: <w@mail.test>\nCc:\nSent: 2025-06-02 (월) 09:12:33 (GMT+09:00)\nSubject: 주문\n\n안녕하세요", "감사합니다."},
		{"Outlook en", "Thanks.\n\nFrom: Help Desk <help@shop.test>\nSent: Monday, June 2, 2025 9:12 AM\nTo: Wang <w@mail.test>\nCc: Team <t@shop.test>\nSubject: RE: Order\n\nWe noted it.", "Thanks."},
		{"Outlook for iOS", "Thanks.\n\nGet Outlook for iOS<https://aka.ms/o0ukef>\n________________________________\nFrom: Help Desk <help@shop.test>\nSent: Monday, June 2, 2025 9:12:33 AM\nTo: Wang <w@mail.test>\nSubject: Order\n\nWe noted it.", "Thanks."},
		{"Outlook de", "Danke.\n\nVon: Help Desk <help@shop.test>\nGesendet: Montag, 2. Juni 2025 09:12\nAn: Wang <w@mail.test>\nBetreff: AW: Auftrag\n\nNotiert.", "Danke."},
		{"Outlook fr", "Merci.\n\nDe : Help Desk <help@shop.test>\nEnvoyé : lundi 2 juin 2025 09:12\nÀ : Wang <w@mail.test>\nObjet : RE: Commande\n\nNoté.", "Merci."},
		{"Outlook es", "Gracias.\n\nDe: Help Desk <help@shop.test>\nEnviado el: lunes, 2 de junio de 2025 9:12\nPara: Wang <w@mail.test>\nAsunto: RE: Pedido\n\nAnotado.", "Gracias."},
		{"Outlook ru", "Спасибо.\n\nОт: Help Desk <help@shop.test>\nОтправлено: 2 июня 2025 г. 9:12\nКому: Wang <w@mail.test>\nТема: RE: Заказ\n\nПринято.", "Спасибо."},
		{"Outlook pl", "Dzięki.\n\nOd: Help Desk <help@shop.test>\nWysłano: poniedziałek, 2 czerwca 2025 09:12\nDo: Wang <w@mail.test>\nTemat: RE: Zamówienie\n\nZapisano.", "Dzięki."},
		{"Apple Mail en", "Thanks.\n\n> On Jun 2, 2025, at 9:12 AM, Help Desk <help@shop.test> wrote:\n> \n" + q, "Thanks."},
		{"Yahoo en", "Thanks.\n\n    On Monday, June 2, 2025 at 09:12:33 AM GMT+8, Help Desk <help@shop.test> wrote:  \n \n We noted it.", "Thanks."},
		{"Yahoo Android", "Thanks.\n\nSent from Yahoo Mail on Android\n \n  On Mon, 2 Jun 2025 at 9:12, Help Desk<help@shop.test> wrote:   We noted it.", "Thanks."},
		{"Samsung", "Thanks.\n\nSent from my Galaxy\n\n-------- Original message --------\nFrom: Help Desk <help@shop.test>\nDate: 02/06/2025 09:12 (GMT+08:00)\nTo: w@mail.test\nSubject: Order\n\nWe noted it.", "Thanks."},
		{"Proton", "Thanks.\n\nSent with Proton Mail secure email.\n\nOn Monday, June 2nd, 2025 at 9:12 AM, Help Desk <help@shop.test> wrote:\n\n" + q, "Thanks."},
		{"a date in ISO", "Thanks.\n\n2025-06-02 9:12 GMT+08:00 Help Desk <help@shop.test>:\n\n" + q, "Thanks."},
		{"only a name and wrote", "Thanks.\n\nHelp Desk <help@shop.test> wrote:\n\n" + q, "Thanks."},
		{"a mailbox in brackets", "Thanks.\n\nOn 2 June 2025 09:12, Help Desk [mailto:help@shop.test] wrote:\n" + q, "Thanks."},
		{"K-9", "Thanks.\n-- \nSent from my Android device with K-9 Mail. Please excuse my brevity.\n\nOn June 2, 2025 9:12:33 AM GMT+08:00, Help Desk <help@shop.test> wrote:\n>We noted it.", "Thanks."},
		{"a signature with two dashes", "Thanks.\n\n--\nWang Wu\nBuyer", "Thanks."},
		{"a forward without words", "---------- Forwarded message ---------\nFrom: Help Desk <help@shop.test>\nDate: Mon, Jun 2, 2025 at 9:12 AM\nSubject: Order\nTo: <w@mail.test>\n\nWe noted it.", ""},
		{"a forward, Apple", "See below.\n\nBegin forwarded message:\n\n> From: Help Desk <help@shop.test>\n> Subject: Order\n> Date: June 2, 2025 at 9:12:33 AM GMT+8\n> To: w@mail.test\n> \n> We noted it.", "See below."},
		{"Foxmail en", "Thanks.\n\n\n\nw@mail.test\n \nFrom: Help Desk\nDate: 2025-06-02 09:12\nTo: Wang\nSubject: Order\nWe noted it.", "Thanks."},
		{"Lark", "谢谢。\n\n\n发件人：客服<help@shop.test>\n发送时间：2025年6月2日(周一) 09:12\n收件人：王五<w@mail.test>\n主题：订单\n您好", "谢谢。"},
		{"DingTalk en", "Thanks.\n\n------------------------------------------------------------------\nFrom:Help <help@shop.test>\nSent At:2025 Jun. 2 (Mon.) 09:12\nTo:Wang <w@mail.test>\nSubject:Order\n\nWe noted it.", "Thanks."},
		{"Aliyun", "谢谢。\n\n------------------------------------------------------------------\n发件人：客服 <help@shop.test>\n发送时间：2025年6月2日(星期一) 09:12\n收件人：王五 <w@mail.test>\n主　题：订单\n\n您好", "谢谢。"},
		{"QQ on iPhone", "谢谢。\n\n发自我的iPhone\n\n\n------------------ Original ------------------\nFrom: Help <help@shop.test>\nDate: Mon,Jun 2,2025 9:12 AM\nTo: Wang <w@mail.test>\nSubject: Re: Order\n\nWe noted it.", "谢谢。"},
		{"NetEase en", "Thanks.\n\n\n\n\n\nAt 2025-06-02 09:12:33, \"Help\" <help@shop.test> wrote:\n>We noted it.\n>", "Thanks."},
		{"NetEase, replied mail en", "Thanks.\n\n---- Replied Message ----\n| From | Help<help@shop.test> |\n| Date | 06/02/2025 09:12 |\n| To | Wang<w@mail.test> |\n| Subject | Order |\nWe noted it.", "Thanks."},
		{"answers between marks", "On Mon, Jun 2, 2025 at 9:12 AM " + m + " wrote:\n\n> Which colour?\n\nRed.\n\n> Which size?\n\nLarge.\n\n-- \nWang", "Red.\n\nLarge."},
		{"mobile, de", "Danke.\n\nVon meinem iPhone gesendet\n\n> Am 02.06.2025 um 09:12 schrieb Help Desk <help@shop.test>:\n> \n" + q, "Danke."},
		{"mobile, fr", "Merci.\n\nEnvoyé de mon iPhone\n\n> Le 2 juin 2025 à 09:12, Help Desk <help@shop.test> a écrit :\n" + q, "Merci."},
		{"mobile, it", "Grazie.\n\nInviato da iPhone\n\n> Il giorno 2 giu 2025, alle ore 09:12, Help Desk <help@shop.test> ha scritto:\n" + q, "Grazie."},
		{"mobile, nl", "Bedankt.\n\nVerstuurd vanaf mijn iPhone\n\n> Op 2 jun. 2025 om 09:12 heeft Help Desk <help@shop.test> het volgende geschreven:\n" + q, "Bedankt."},
		{"Apple nl without marks", "Bedankt.\n\nOp 2 jun. 2025 om 09:12 heeft Help Desk <help@shop.test> het volgende geschreven:\n\nGenoteerd.", "Bedankt."},
		{"mobile, ru", "Спасибо.\n\nОтправлено с iPhone\n\n> 2 июня 2025 г., в 09:12, Help Desk <help@shop.test> написал(а):\n" + q, "Спасибо."},
		{"mobile, da", "Tak.\n\nSendt fra min iPhone\n\n> Den 2. jun. 2025 kl. 09.12 skrev Help Desk <help@shop.test>:\n" + q, "Tak."},
		{"a name in the last line", "Thanks, that works.\n\nWang\n\nOn Mon, Jun 2, 2025 at 9:12 AM " + m + " wrote:\n" + q, "Thanks, that works.\n\nWang"},
		{"GitHub's line", "Fixed.\n\n—\nReply to this email directly, view it on GitHub, or unsubscribe.", "Fixed."},
		{"dated in the middle of a line", "Thanks.\n\nOn 06/02/2025 09:12 AM, help@shop.test wrote:\n> We noted it.", "Thanks."},
		{"a weekday first", "Thanks.\n\nMonday, 2 June 2025, 9:12 +0800 from Help <help@shop.test>:\n> We noted it.", "Thanks."},
		{"Hotmail's old header", "Thanks.\n\n> Date: Mon, 2 Jun 2025 09:12:33 +0800\n> From: help@shop.test\n> To: w@mail.test\n> Subject: Order\n> \n> We noted it.", "Thanks."},
		{"From and date only", "Thanks.\n\n________________________________\nFrom: Help Desk\nSent: Monday, June 2, 2025 9:12 AM\nTo: Wang\nSubject: Order\n\nWe noted it.", "Thanks."},
		{"the last point of a list", "I need:\n-Paper\n-black ink", "I need:\n-Paper\n-black ink"},
		{"a person who writes: wrote", "As the manual of 2024 wrote:\nturn it off first. I did.", "As the manual of 2024 wrote:\nturn it off first. I did."},
		{"prose that begins with On", "On 2 June 2025 at 9:12 I called and nobody answered.\nPlease call me.", "On 2 June 2025 at 9:12 I called and nobody answered.\nPlease call me."},
		{"French prose", "Le 2 juin 2025 à 09:12, j'ai appelé.\nPersonne n'a répondu.", "Le 2 juin 2025 à 09:12, j'ai appelé.\nPersonne n'a répondu."},
	} {
		r := StripText(tt.text)
		ok := fold(r.Text) == fold(tt.want)
		right.add(ok)
		if !ok {
			t.Errorf("%s: got %q, want %q", tt.name, r.Text, tt.want)
		}
	}
	right.check(t, "replies", 97)
}

// TestClassesOfTheWorld tells machines in many languages, also without a
// header that says so, from people who use the same words.
func TestClassesOfTheWorld(t *testing.T) {
	var right rate
	for _, tt := range []struct {
		name, header, body string
		want               Class
	}{
		{"en", "Subject: Out of Office: Order\n", "I am out until Monday.", AutoReply},
		{"en automatic", "Subject: Automatic reply: Order\n", "away", AutoReply},
		{"en auto", "Subject: Auto: Order\n", "away", AutoReply},
		{"en out of the office", "Subject: I'm out of the office Re: Order\n", "away", AutoReply},
		{"en vacation", "Subject: On vacation: Order\n", "away", AutoReply},
		{"de", "Subject: Automatische Antwort: Auftrag\n", "weg", AutoReply},
		{"de absence", "Subject: Abwesenheitsnotiz: Auftrag\n", "weg", AutoReply},
		{"fr", "Subject: =?utf-8?q?R=C3=A9ponse_automatique=C2=A0=3A_Commande?=\n", "absent", AutoReply},
		{"fr absence", "Subject: Absence du bureau : Commande\n", "absent", AutoReply},
		{"es", "Subject: Respuesta =?utf-8?q?autom=C3=A1tica=3A_Pedido?=\n", "fuera", AutoReply},
		{"it", "Subject: Risposta automatica: Ordine\n", "fuori", AutoReply},
		{"it office", "Subject: Fuori ufficio: Ordine\n", "fuori", AutoReply},
		{"pt", "Subject: =?utf-8?q?Resposta_autom=C3=A1tica=3A_Pedido?=\n", "fora", AutoReply},
		{"nl", "Subject: Automatisch antwoord: Bestelling\n", "weg", AutoReply},
		{"nl absence", "Subject: Afwezigheid: Bestelling\n", "weg", AutoReply},
		{"sv", "Subject: Automatiskt svar: Order\n", "borta", AutoReply},
		{"da", "Subject: Automatisk svar: Ordre\n", "væk", AutoReply},
		{"no", "Subject: Autosvar: Ordre\n", "borte", AutoReply},
		{"fi", "Subject: Automaattinen vastaus: Tilaus\n", "poissa", AutoReply},
		{"pl", "Subject: Automatyczna =?utf-8?q?odpowied=C5=BA=3A?= x\n", "x", AutoReply},
		{"cs", "Subject: =?utf-8?q?Automatick=C3=A1_odpov=C4=9B=C4=8F=3A?= x\n", "x", AutoReply},
		{"ru", "Subject: =?utf-8?b?0JDQstGC0L7QvtGC0LLQtdGCOg==?= x\n", "x", AutoReply},
		{"tr", "Subject: Otomatik =?utf-8?q?yan=C4=B1t=3A?= x\n", "x", AutoReply},
		{"hu", "Subject: Automatikus =?utf-8?q?v=C3=A1lasz=3A?= x\n", "x", AutoReply},
		{"vi", "Subject: =?utf-8?q?Tr=E1=BA=A3_l=E1=BB=9Di_t=E1=BB=B1_=C4=91=E1=BB=99ng=3A?= x\n", "x", AutoReply},
		{"ja", "Subject: 自動応答: 注文\n", "不在です", AutoReply},
		{"ja 2", "Subject: 【自動返信】お問い合わせありがとうございます\n", "受付", AutoReply},
		{"ko", "Subject: 부재중 자동 회신: 주문\n", "부재중", AutoReply},
		{"zh", "Subject: 自动回复：订单\n", "不在", AutoReply},
		{"zh in brackets", "Subject: [自动回复] 订单\n", "不在", AutoReply},
		{"zh-TW", "Subject: 自動回覆: 訂單\n", "不在", AutoReply},
		{"zh holiday", "Subject: 休假自动回复\n", "休假", AutoReply},
		{"zh outside", "Subject: 出差自动回复：订单\n", "出差", AutoReply},
		{"zh not in", "Subject: 我不在办公室：订单\n", "出差", AutoReply},
		{"header of Lotus", "Subject: Li is out\nX-Autogenerated: Reply\n", "away", AutoReply},
		{"header of vacation", "Subject: away\nPrecedence: bulk\nX-Auto-Response-Suppress: All\nAuto-Submitted: auto-replied\n", "away", AutoReply},
		{"delivered-to autoresponder", "Subject: Re: x\nDelivered-To: Autoresponder\n", "away", AutoReply},
		{"QQ's automatic answer", "Subject: 自动回复:订单\nX-QQ-STYLE: 1\n", "您好", AutoReply},
		{"163", "Subject: 自动回复: 订单\nX-CM-HeaderCharset: x\n", "您好", AutoReply},
		{"a list", "Subject: news\nList-ID: <a.test>\n", "x", MailingList},
		{"list by post", "Subject: news\nMailing-List: list a@a.test\nPrecedence: list\n", "x", MailingList},
		{"an ESP", "Subject: sale\nList-Unsubscribe: <https://a.test/u>\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\n", "x", Bulk},
		{"an ESP by its feedback id", "Subject: sale\nFeedback-ID: 1:2:3:esp\nX-Mailgun-Sid: x\nPrecedence: bulk\n", "x", Bulk},
		{"a ticket system", "Subject: [#123] We got your request\nAuto-Submitted: auto-generated\n", "x", AutoGenerated},
		{"a ticket system's reply", "Subject: [#123] We got your request\nAuto-Submitted: auto-replied\n", "x", AutoReply},
		{"in the text only, en", "Subject: Re: Order\n", "Hello,\nThis is an automated response. I am back on Monday.", AutoReply},
		{"in the text only, zh", "Subject: Re: 订单\n", "您好！\n这是一封自动回复邮件，我正在休假。", AutoReply},
		{"a person quotes our acknowledgement", "Subject: Re: 订单\n", "好的\n\n在 2025年6月2日，客服 <cs@x.test> 写道：\n这是一封自动回复邮件。", Human},
		{"a person on a trip", "Subject: 出差 报销单怎么开\n", "x", Human},
		{"a person on vacation", "Subject: On vacation next week, please deliver later\n", "x", Human},
		{"a person asks about it", "Subject: 请关闭自动回复功能\n", "x", Human},
		{"a person asks about it 2", "Subject: 关于自动回复的问题\n", "x", Human},
		{"a person replies to one", "Subject: Re: Automatic reply: Order\n", "I do not want it.", Human},
		{"a person is in the office", "Subject: Out of stock?\n", "x", Human},
		{"a person on vacation rentals", "Subject: Vacation rental booking\n", "x", Human},
		{"a person writes autoclave", "Subject: Autoclave order\n", "x", Human},
		{"a person's auto insurance", "Subject: Auto insurance: my claim\n", "x", Human},
		{"a person asks how to write an absence note", "Subject: How do I set an out of office reply?\n", "x", Human},
		{"a person asks what automatic replies are", "Subject: Automatic replies do not work\n", "x", Human},
		{"a person, 自动回复 first", "Subject: 自动回复怎么设置？\n", "x", Human},
		{"a person's bounced parcel", "Subject: 快递被退回了\n", "包裹被退回，请问怎么办", Human},
		{"a person's undelivered parcel", "Subject: Undelivered parcel\n", "Your carrier could not deliver it.", Human},
		{"a person's list", "Subject: list of goods\nPrecedence: normal\n", "x", Human},
	} {
		from := "From: Li <li@c.test>\nTo: cs@x.test\nContent-Type: text/plain; charset=utf-8\n"
		got := Parse([]byte(from+tt.header+"\n"+tt.body), Options{}).Class(Own{Addresses: []string{"cs@x.test"}})
		right.add(got == tt.want)
		if got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
		}
	}
	right.check(t, "classes", 100)
}

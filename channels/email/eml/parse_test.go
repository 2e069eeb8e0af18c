package eml_test

import (
	"strings"
	"testing"

	"zongji/channels/email/eml"
)

// multi makes a multipart of that kind; parameters may follow the kind.
func multi(kind string, parts ...string) string {
	b, _, _ := strings.Cut(kind, ";")
	return "Content-Type: multipart/" + kind + "; boundary=\"=_" + b + "\"\r\n\r\n--=_" + b + "\r\n" + strings.Join(parts, "\r\n--=_"+b+"\r\n") + "\r\n--=_" + b + "--\r\n"
}

const (
	plain  = "Content-Type: text/plain; charset=utf-8\r\n\r\n正文"
	page   = "Content-Type: text/html; charset=utf-8\r\n\r\n<p>页面</p>"
	pixel  = "Content-Type: image/png\r\nContent-ID: <p@x>\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo="
	paper  = "Content-Type: application/pdf; name=a.pdf\r\nContent-Disposition: attachment\r\n\r\n%PDF"
	letter = "Content-Type: message/rfc822\r\n\r\nSubject: 内/层\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n不并入"
	invite = "Content-Type: text/calendar; method=REQUEST; charset=utf-8\r\n\r\nBEGIN:VCALENDAR\r\nSUMMARY:会议\r\nEND:VCALENDAR"
)

func TestWhatIsRead(t *testing.T) {
	for _, tt := range []struct{ name, mail, text, html, files string }{
		{"one text", plain, "正文", "", ""},
		{"no content type", "Subject: x\r\n\r\nhello", "hello", "", ""},
		{"HTML alone", page, "页面", "<p>页面</p>", ""},
		{"alternatives", multi("alternative", plain, page), "正文", "<p>页面</p>", ""},
		{"alternatives, the text empty", multi("alternative", "Content-Type: text/plain\r\n\r\n \r\n", page), "页面", "<p>页面</p>", ""},
		{"alternatives, the text a stub", multi("alternative", "Content-Type: text/plain; charset=utf-8\r\n\r\n您的邮件客户端不支持 HTML 格式，请更换客户端。", page), "页面", "<p>页面</p>", ""},
		{"alternatives, an English stub", multi("alternative", "\r\nPlease use an HTML capable client to read this message.", page), "页面", "<p>页面</p>", ""},
		{"text that only speaks of HTML", multi("alternative", "\r\nHow do I send HTML with your API?", page), "How do I send HTML with your API?", "<p>页面</p>", ""},
		{"text and a file", multi("mixed", plain, paper), "正文", "", "a.pdf"},
		{"texts around a file", multi("mixed", plain, paper, "\r\nfooter"), "正文\nfooter", "", "a.pdf"},
		{"alternatives and a file", multi("mixed", multi("alternative", plain, page), paper), "正文", "<p>页面</p>", "a.pdf"},
		{"related within alternatives", multi("alternative", plain, multi("related", strings.Replace(page, "页面", `<img src="cid:p@x">`, 1), pixel)), "正文", `<p><img src="cid:p@x"></p>`, "attachment-1.png inline"},
		{"a choice of several parts, and a footer", multi("mixed", multi("alternative", plain, multi("parallel", page, paper, page)), "\r\nfooter"), "正文\nfooter", "<p>页面</p><p>页面</p><pre>footer</pre>", "a.pdf"},
		{"HTML and a text that follows it", multi("mixed", page, plain), "页面\n正文", "<p>页面</p><pre>正文</pre>", ""},
		{"a text that is a file", multi("mixed", plain, "Content-Type: text/plain\r\nContent-Disposition: attachment; filename=log.txt\r\n\r\nx"), "正文", "", "log.txt"},
		{"a text with a name", multi("mixed", plain, "Content-Type: text/plain; name=log.txt\r\n\r\nx"), "正文", "", "log.txt"},
		{"a forwarded mail stays one", multi("mixed", plain, letter), "正文", "", "内_层.eml"},
		{"a digest of mails", multi("digest", "\r\nSubject: a\r\n\r\nx", "\r\nSubject: b\r\n\r\ny"), "", "", "a.eml, b.eml"},
		{"an invitation", multi("alternative", plain, page, invite), "正文", "<p>页面</p>", "attachment-1.ics"},
		{"nothing but a file", paper, "", "", "a.pdf"},
		{"a text called an attachment, and nothing else", "Content-Type: text/plain; charset=utf-8\r\nContent-Disposition: attachment\r\n\r\n正文", "正文", "", "attachment-1.txt"},
		{"text/enriched alone", "Content-Type: text/enriched\r\n\r\n<bold>fat</bold> << 3", "fat < 3", "", "attachment-1.txt"},
		{"a part that ends with the mail", "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhello", "hello", "", ""},
		{"a boundary that nobody told", "Content-Type: multipart/mixed\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b--", "hello", "", ""},
		{"a boundary that is another one", "Content-Type: multipart/mixed; boundary=a\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b--", "hello", "", ""},
		{"a boundary that begins another one", "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" + "Content-Type: multipart/mixed; boundary=bb\r\n\r\n--bb\r\n\r\nin\r\n--bb--\r\n--b\r\n\r\nout\r\n--b--", "in\nout", "", ""},
		{"a multipart without parts", "Content-Type: multipart/mixed; boundary=b\r\n\r\nhello", "hello", "", ""},
		{"the empty line is missing", "Subject: x\r\nhello world\r\nmore", "hello world\nmore", "", ""},
		{"a mail of bare line feeds", strings.ReplaceAll(multi("mixed", plain, paper), "\r\n", "\n"), "正文", "", "a.pdf"},
		{"a mail of bare carriage returns", strings.ReplaceAll(multi("mixed", plain, paper), "\r\n", "\r"), "正文", "", "a.pdf"},
		{"a mark, empty lines and a line of mbox first", "\xef\xbb\xbf\r\n\r\nFrom a@b Mon Jan 1 00:00:00 2024\r\n" + plain, "正文", "", ""},
		{"quoted-printable with soft ends", "Content-Transfer-Encoding: quoted-printable\r\n\r\na=\r\nb=20\r\nc=3D=\r\n", "ab \nc=", "", ""},
		{"quoted-printable that is not", "Content-Transfer-Encoding: quoted-printable\r\n\r\n1+1=2 =ZZ", "1+1=2 =ZZ", "", ""},
		{"base64 with a footer added", "Content-Transfer-Encoding: base64\r\n\r\naGVsbG8=\r\n____\r\nlist mailing list\r\n", "hello", "", ""},
		{"base64 without padding", "Content-Transfer-Encoding: base64\r\n\r\naGVsbG8", "hello", "", ""},
		{"base64 that is not", "Content-Transfer-Encoding: base64\r\n\r\nthis is plain text\r\nin two lines", "this is plain text\nin two lines", "", ""},
		{"flowed", "Content-Type: text/plain; format=flowed\r\n\r\na \r\nb\r\n> q \r\n> r\r\n-- \r\nme", "a b\n> q r\n-- \nme", "", ""},
		{"flowed without blanks", "Content-Type: text/plain; format=flowed; delsp=yes; charset=utf-8\r\n\r\n退 \r\n款", "退款", "", ""},
		{"uuencoded", "Subject: x\r\n\r\nhi\r\nbegin 644 a.txt\r\n%:&5L;&\\\r\n`\r\nend\r\nbye", "hi\nbye", "", "a.txt"},
		{"yEnc", "Subject: x\r\n\r\nhi\r\n=ybegin line=128 size=5 name=a.txt\r\n\x92\x8f\x96\x96\x99\r\n=yend size=5\r\nbye", "hi\nbye", "", "a.txt"},
		{"prose that begins so", "Subject: x\r\n\r\nbegin 100 times\r\nagain", "begin 100 times\nagain", "", ""},
	} {
		m := parse(tt.mail)
		var files []string
		for _, a := range m.Attachments {
			name := a.Name
			if a.Inline {
				name += " inline"
			}
			files = append(files, name)
		}
		if got := strings.Join(files, ", "); strings.TrimRight(m.Text, "\n") != tt.text || m.HTML != tt.html || got != tt.files {
			t.Errorf("%s: text %q, html %q, files %q\nwant %q, %q, %q (%v)", tt.name, m.Text, m.HTML, got, tt.text, tt.html, tt.files, m.Err)
		}
	}
}

func TestPartsKeepTheirPlace(t *testing.T) {
	m := parse(multi("mixed", multi("alternative", plain, page), letter))
	got := ""
	for _, p := range m.Parts {
		got += p.Path + " " + p.Type + "; "
	}
	if want := "1.1 text/plain; 1.2 text/html; 2 message/rfc822; "; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if m := parse(multi("alternative", plain, invite)); !strings.Contains(m.Calendar, "SUMMARY:会议") {
		t.Errorf("calendar %q", m.Calendar)
	}
	m = parse("Subject: x\r\n\r\nbegin 644 a.txt\r\n%:&5L;&\\\r\n`\r\nend\r\n=ybegin line=128 size=5 name=b.txt\r\n\x92\x8f\x96\x96\x99\r\n=yend size=5\r\n")
	for i, name := range []string{"a.txt", "b.txt"} {
		if a := m.Attachments[i]; a.Name != name || string(a.Data) != "hello" {
			t.Errorf("file %d in the text is %s, %q", i, a.Name, a.Data)
		}
	}
}

func TestSealedMails(t *testing.T) {
	for _, tt := range []struct{ name, mail, encrypted, signed string }{
		{"plain", plain, "", ""},
		{"signed by S/MIME", multi("signed; protocol=\"application/pkcs7-signature\"", plain), "", "smime"},
		{"signed by PGP", multi("signed; protocol=\"application/pgp-signature\"", plain), "", "pgp"},
		{"encrypted by PGP", multi("encrypted; protocol=\"application/pgp-encrypted\"", "Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1"), "pgp", ""},
		{"encrypted by S/MIME", "Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\r\n\r\nx", "smime", ""},
		{"signed within S/MIME", "Content-Type: application/x-pkcs7-mime; smime-type=signed-data; name=smime.p7m\r\n\r\nx", "", "smime"},
		{"S/MIME that tells nothing", "Content-Type: application/pkcs7-mime\r\n\r\n0\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02", "", "smime"},
		{"PGP in the text", "Subject: x\r\n\r\n-----BEGIN PGP MESSAGE-----\r\n\r\nx", "pgp", ""},
		{"signed in the text", "Subject: x\r\n\r\n-----BEGIN PGP SIGNED MESSAGE-----\r\n\r\nx", "", "pgp"},
	} {
		if m := parse(tt.mail); m.Encrypted != tt.encrypted || m.Signed != tt.signed {
			t.Errorf("%s: encrypted %q, signed %q", tt.name, m.Encrypted, m.Signed)
		}
	}
}

func TestBareFiles(t *testing.T) {
	if m := eml.ParseFile("a.txt", []byte("退款\r\n"), eml.Options{}); m.Text != "退款\n" || len(m.Attachments) != 0 {
		t.Errorf("text: %+v", m)
	}
	if m := eml.ParseFile("a.html", []byte("<p>退款</p>"), eml.Options{}); m.Text != "退款" || m.SafeHTML != "<p>退款</p>" {
		t.Errorf("html: %+v", m)
	}
	if m := eml.ParseFile("winmail.tnef", []byte("no"), eml.Options{}); m.Err == nil || len(m.Attachments) != 1 {
		t.Errorf("not TNEF: %+v", m)
	}
}

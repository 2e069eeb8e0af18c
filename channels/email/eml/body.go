package eml

import (
	"bytes"
	"html"
	"slices"
	"strconv"
	"strings"
)

// maxText is how much text and how much HTML is made of one mail, in bytes.
// People read less, and the attachments are not counted.
const maxText = 4 << 20

// bodies are the leaves that make up what people read, once as text and once as
// HTML, and those that do not. The rules are JMAP's (RFC 8621 §4.1.4): of
// alternatives each list takes its own kind, else the one there is.
type bodies struct {
	text, html, files []*node
	noText, noHTML    bool // within one choice of an alternative that is of the other kind
}

// sort puts all leaves of the tree where they belong.
func (b *bodies) sort(n *node) {
	if len(n.kids) == 0 {
		b.leaf(n, "", false, true)
		return
	}
	b.multipart(n, n.Type == "multipart/alternative")
}

// multipart sorts the parts of one multipart.
func (b *bodies) multipart(n *node, inAlternative bool) {
	alternative := n.Type == "multipart/alternative"
	texts, htmls := len(b.text), len(b.html)
	defer func(noText, noHTML bool) { b.noText, b.noHTML = noText, noHTML }(b.noText, b.noHTML)
	for i, kid := range n.kids {
		if strings.HasPrefix(kid.Type, "multipart/") && len(kid.kids) > 0 {
			b.multipart(kid, inAlternative || kid.Type == "multipart/alternative")
			continue
		}
		b.leaf(kid, n.Type, inAlternative, i == 0)
	}
	if !alternative || b.noText || b.noHTML {
		return
	}
	switch { // only one kind was there: it serves for both
	case len(b.text) == texts && len(b.html) > htmls:
		b.text = append(b.text, b.html[htmls:]...)
	case len(b.html) == htmls && len(b.text) > texts:
		b.html = append(b.html, b.text[texts:]...)
	}
}

// leaf puts one leaf where it belongs; parent is the type of its multipart.
func (b *bodies) leaf(n *node, parent string, inAlternative, first bool) {
	shown := n.Disposition != "attachment" && (n.Type == "text/plain" || n.Type == "text/html") &&
		(first || parent != "multipart/related" && n.Name == "")
	switch {
	case !shown:
		b.files = append(b.files, n)
	case parent == "multipart/alternative" && n.Type == "text/plain":
		b.text = append(b.text, n)
	case parent == "multipart/alternative":
		b.html = append(b.html, n)
	default:
		if inAlternative && n.Type == "text/plain" {
			b.noHTML = true
		}
		if inAlternative && n.Type == "text/html" {
			b.noText = true
		}
		if !b.noText {
			b.text = append(b.text, n)
		}
		if !b.noHTML {
			b.html = append(b.html, n)
		}
	}
}

// fill turns the tree into what is read.
func (p *parser) fill(m *Mail, root *node, o Options) {
	var b bodies
	b.sort(root)
	leaves(root, func(n *node) { p.take(m, n, &b) })
	m.Text, m.HTML = p.text(m, b.text), p.html(b.html)
	if m.HTML != "" && isStub(m.Text) {
		m.Text = htmlText(m.HTML)
	}
	if strings.TrimSpace(m.Text) == "" {
		p.lastResort(m)
	}
	sealed(m, root)
	if m.SafeHTML, m.RemoteImages = Safe(m.HTML, SafeOptions{CID: o.CID}); m.SafeHTML == "" && strings.TrimSpace(m.HTML) != "" {
		p.note("nothing in the HTML can be shown")
	}
	eachDataPicture(m.HTML, func(n int, typ string, data []byte) {
		p.attach(m, Attachment{Type: typ, CID: dataCID(n), Inline: true, Data: data})
	})
	for i := range m.Attachments {
		a := &m.Attachments[i]
		a.Inline = a.Inline || a.CID != "" && strings.Contains(m.HTML, "cid:"+a.CID)
	}
}

func leaves(n *node, visit func(*node)) {
	if len(n.kids) == 0 {
		visit(n)
	}
	for _, kid := range n.kids {
		leaves(kid, visit)
	}
}

// take lists one leaf, and as an attachment if it is not read.
func (p *parser) take(m *Mail, n *node, b *bodies) {
	m.Parts = append(m.Parts, n.Part)
	if m.Calendar == "" && (n.Type == "text/calendar" || n.Type == "application/ics") {
		m.Calendar = n.Text()
	}
	if !slices.Contains(b.files, n) {
		return
	}
	if n.Type == "application/ms-tnef" || n.Type == "application/vnd.ms-tnef" || strings.EqualFold(n.Name, "winmail.dat") {
		if t, err := readTNEF(n.Data, p.spare); err == nil {
			p.unpack(m, t)
			return
		}
		p.note("winmail.dat cannot be read")
	}
	p.attach(m, Attachment{Name: n.Name, Type: n.Type, CID: contentID(n), Inline: n.Disposition == "inline", Data: n.Data})
}

// contentID is the Content-ID of a part without <>.
func contentID(n *node) string {
	return strings.Trim(n.Header.Get("Content-ID"), "<> \t")
}

// attach adds one attachment under a harmless name of its own.
func (p *parser) attach(m *Mail, a Attachment) {
	if len(m.Attachments) >= MaxAttachments {
		p.note("more than %d attachments", MaxAttachments)
		return
	}
	if a.Name == "" && strings.HasPrefix(a.Type, "message/") && a.Type != "message/delivery-status" {
		h, _, _ := splitHeader(a.Data)
		if a.Name = strings.NewReplacer("/", "_", `\`, "_").Replace(h.Get("Subject")); a.Name != "" {
			a.Name += extension(a.Type)
		}
	}
	if a.Name = safeName(a.Name); a.Name == "" {
		a.Name = "attachment-" + strconv.Itoa(len(m.Attachments)+1) + extension(a.Type)
	}
	a.Risky = risky(a.Name)
	m.Attachments = append(m.Attachments, a)
}

// text joins the parts that are read as text. Files that were written into
// them, as before MIME, become attachments.
func (p *parser) text(m *Mail, parts []*node) string {
	var out strings.Builder
	for _, n := range parts {
		if out.Len() > 0 && !strings.HasSuffix(out.String(), "\n") {
			out.WriteByte('\n')
		}
		if n.Type == "text/html" {
			out.WriteString(htmlText(p.htmlOf(&n.Part)))
			continue
		}
		data, files := cutFiles(n.Data)
		for _, f := range files {
			p.attach(m, Attachment{Name: f.Name, Type: "application/octet-stream", Data: f.Data})
		}
		s := decodeText(p.short(data), n.Params["charset"])
		if strings.EqualFold(n.Params["format"], "flowed") {
			s = unflow(s, strings.EqualFold(n.Params["delsp"], "yes"))
		}
		out.WriteString(s)
	}
	return out.String()
}

// html joins the parts that are shown as HTML; "" if none of them is HTML.
func (p *parser) html(parts []*node) string {
	if !slices.ContainsFunc(parts, func(n *node) bool { return n.Type == "text/html" }) {
		return ""
	}
	var out strings.Builder
	for _, n := range parts {
		if n.Type == "text/html" {
			out.WriteString(p.htmlOf(&n.Part))
		} else if s := n.Text(); strings.TrimSpace(s) != "" {
			out.WriteString("<pre>" + html.EscapeString(s) + "</pre>")
		}
	}
	return out.String()
}

// htmlOf decodes an HTML part; one without a label may name its charset itself.
func (p *parser) htmlOf(n *Part) string {
	label := n.Params["charset"]
	if label == "" {
		label = metaCharset(n.Data)
	}
	return decodeText(p.short(n.Data), label)
}

// short cuts what is longer than anyone reads.
func (p *parser) short(b []byte) []byte {
	if len(b) <= maxText {
		return b
	}
	p.note("text longer than %d MiB", maxText>>20)
	return b[:maxText]
}

// metaCharset finds charset=… in the first lines of an HTML document.
func metaCharset(b []byte) string {
	b = bytes.ToLower(b[:min(len(b), 2048)])
	_, after, ok := bytes.Cut(b, []byte("charset="))
	if !ok || !bytes.Contains(b, []byte("<meta")) {
		return ""
	}
	after = bytes.TrimLeft(after, `"' `)
	if end := bytes.IndexAny(after, `"'>; /`); end >= 0 {
		after = after[:end]
	}
	return string(after)
}

// isStub says whether the text is missing or only says that one should look at
// the HTML.
func isStub(text string) bool {
	text = strings.TrimSpace(text)
	return text == "" || len(text) <= maxStub && stub.MatchString(text)
}

// maxStub is the longest text that may be a stub, in bytes.
const maxStub = 400

var stub = lazy(`(?is)(客户端|客戶端|邮箱|郵箱|软件|軟體|浏览器|瀏覽器)[^。]{0,20}(不支持|不支援|无法|無法)[^。]{0,12}html` +
	`|(查看|显示|顯示|阅读|閱讀|切换|切換|使用)[^。]{0,12}html[^。]{0,6}(格式|版本|邮件|郵件|视图|模式)` +
	`|your (e-?mail |mail )?(client|reader|program|software|viewer|application)\b[^.]{0,60}(not |cannot|can't|unable)` +
	`|(please|to) (view|see|read|use|enable|switch)[^.]{0,60}\bhtml\b|\bhtml[- ](capable|enabled|compatible)`)

// lastResort finds something to read in a mail whose text is empty: what lies in
// a winmail.dat, another kind of text, or a text that is called an attachment
// but has no name.
func (p *parser) lastResort(m *Mail) {
	if p.within != nil {
		p.readWithin(m, p.within)
		return
	}
	for i := range m.Parts {
		part := &m.Parts[i]
		if part.Name != "" || strings.TrimSpace(m.Text) != "" {
			continue
		}
		switch part.Type {
		case "text/plain":
			m.Text = decodeText(p.short(part.Data), part.Params["charset"])
		case "text/html":
			if m.HTML == "" {
				m.HTML = p.htmlOf(part)
				m.Text = htmlText(m.HTML)
			}
		case "text/enriched", "text/richtext":
			m.Text = htmlText(strings.ReplaceAll(decodeText(p.short(part.Data), part.Params["charset"]), "<<", "&lt;"))
		}
	}
}

// readWithin reads the body of a winmail.dat: its HTML, which may be hidden in
// RTF, its plain text, or the text of its RTF.
func (p *parser) readWithin(m *Mail, t *tnef) {
	page, text := decodeText(p.short(t.html), metaCharset(t.html)), string(p.short(t.text))
	if page == "" && len(t.rtf) > 0 {
		rtf, isHTML := readRTF(p.short(t.rtf))
		if isHTML {
			page = rtf
		} else if strings.TrimSpace(text) == "" {
			text = rtf
		}
	}
	if m.HTML == "" {
		m.HTML = page
	}
	if m.Text = clean(text); strings.TrimSpace(text) == "" {
		m.Text = htmlText(page)
	}
}

// sealed looks for encryption and signatures, in the tree and in the text.
func sealed(m *Mail, n *node) {
	switch n.Type {
	case "multipart/encrypted":
		m.Encrypted = "pgp"
	case "multipart/signed":
		m.Signed = "pgp"
		if strings.Contains(n.Params["protocol"], "pkcs7") {
			m.Signed = "smime"
		}
	case "application/pkcs7-mime", "application/x-pkcs7-mime":
		if strings.Contains(n.Params["smime-type"], "signed") || n.Params["smime-type"] == "" && bytes.Contains(n.Data[:min(len(n.Data), 64)], signedData) {
			m.Signed = "smime"
		} else if !strings.Contains(n.Params["smime-type"], "certs-only") {
			m.Encrypted = "smime"
		}
	}
	for _, kid := range n.kids {
		sealed(m, kid)
	}
	if m.Encrypted == "" && strings.HasPrefix(m.Text, "-----BEGIN PGP MESSAGE-----") {
		m.Encrypted = "pgp"
	}
	if m.Signed == "" && strings.HasPrefix(m.Text, "-----BEGIN PGP SIGNED MESSAGE-----") {
		m.Signed = "pgp"
	}
}

// signedData is the object identifier 1.2.840.113549.1.7.2 (RFC 5652 §5.1) in DER.
var signedData = []byte{0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x02}

package eml

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// Marks stand alone in a line of the text that an HTML body became, and tell
// what the mailer's own markup said. They are private characters of Unicode; a
// sender who writes them quotes himself, no more.
const (
	markOpen  = "\uf6d0" // a quote begins
	markClose = "\uf6d1" // and ends
	markRest  = "\uf6d2" // all that follows is an earlier mail
)

// Classes and ids by which mailers name what they quote.
var (
	quoteNames = words(`gmail_attr yahoo_quoted protonmail_quote tutanota_quote moz-cite-prefix
		moz-email-headers-table ntes-mailmaster-quote __aliyun_previous_message_wrap airmail_quote
		zmail_extra isReplyContent isForwardContent mailru-blockquote nylas-quote freshdesk_quote
		bloop_original_html sparrow_quote alimail-quote lark-mail-quote history-quote-wrapper
		foxmail_quote_view xm_compose_origin_mail_container_sign mail-quote-collapse adit-html-block
		divForwardContent reply_content_quote`)
	restNames = words(`divRplyFwdMsg appendonsend mail-editor-reference-message-container OLK_SRC_BODY_SECTION
		OutlookMessageHeader outlookmessageheader stopSpelling`)
)

func words(s string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(s) {
		m[w] = true
	}
	return m
}

// maxMarked is the largest HTML that is searched for quotes.
const maxMarked = 2 << 20 // bytes

// markHTML returns the HTML with marks where its mailer quoted, and whether
// there are any. HTML that cannot be read is left alone.
func markHTML(src string) (string, bool) {
	if src == "" || len(src) > maxMarked {
		return src, false
	}
	doc, err := html.Parse(strings.NewReader(src))
	if err != nil {
		return src, false
	}
	found := false
	var walk func(n *html.Node)
	walk = func(n *html.Node) {
		for c := n.FirstChild; c != nil; {
			next := c.NextSibling
			switch quotes(c) {
			case markOpen:
				found = true
				n.InsertBefore(markLine(markOpen), c)
				n.InsertBefore(markLine(markClose), next)
			case markRest:
				found = true
				n.InsertBefore(markLine(markRest), c)
			default:
				walk(c)
			}
			c = next
		}
	}
	walk(doc)
	if !found {
		return src, false
	}
	var b strings.Builder
	if err := html.Render(&b, doc); err != nil {
		return src, false
	}
	return b.String(), true
}

func markLine(mark string) *html.Node {
	n := &html.Node{Type: html.ElementNode, Data: "div", DataAtom: atom.Div}
	n.AppendChild(&html.Node{Type: html.TextNode, Data: mark})
	return n
}

// quotes returns the mark that node n calls for, or "".
func quotes(n *html.Node) string {
	if n.Type != html.ElementNode {
		return ""
	}
	if n.Data == "includetail" { // QQ Mail
		return markOpen
	}
	var style string
	for _, a := range n.Attr {
		switch a.Key {
		case "id", "class", "name":
			for _, name := range strings.Fields(a.Val) {
				name = strings.TrimPrefix(name, "x_") // Outlook renames what it forwards
				switch {
				case restNames[name]:
					return markRest
				case quoteNames[name]:
					return markOpen
				case name == "gmail_quote" && (n.DataAtom == atom.Blockquote || !holds(n, atom.Blockquote)):
					return markOpen
				}
			}
		case "type":
			if n.DataAtom == atom.Blockquote && strings.EqualFold(a.Val, "cite") {
				return markOpen
			}
		case "style":
			style = strings.ToLower(strings.ReplaceAll(a.Val, " ", ""))
		}
	}
	if n.DataAtom == atom.Div && headed(style) && leadsHeader(n) {
		return markRest
	}
	return ""
}

// headed reports whether a style is that of the line or the grey box which
// Outlook, Foxmail and QQ Mail draw around the header of a quoted mail.
func headed(style string) bool {
	return strings.Contains(style, "border-top:solid#") || strings.Contains(style, "border-top:1.0ptsolid") ||
		strings.Contains(style, "border-top:1ptsolid") ||
		strings.Contains(style, "border-top-style:solid") || strings.Contains(style, "background:#efefef") ||
		strings.Contains(style, "background-color:#efefef") || strings.Contains(style, "background:rgb(239,239,239)")
}

// leadsHeader reports whether n's text begins with a label of a mail header.
func leadsHeader(n *html.Node) bool {
	f, _ := label(cleanLine(leading(n, 80)))
	return f != 0 && f != fieldPlace
}

// leading returns the beginning of n's text, as far as limit bytes or some
// hundred nodes tell.
func leading(n *html.Node, limit int) string {
	var b strings.Builder
	nodes := 0
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(strings.TrimLeft(head(d.Data, 2*limit), " \t\r\n"))
		}
		if nodes++; b.Len() >= limit || nodes > 300 {
			break
		}
	}
	return b.String()
}

// holds reports whether an element of kind a is below n.
func holds(n *html.Node, a atom.Atom) bool {
	for d := range n.Descendants() {
		if d.DataAtom == a {
			return true
		}
	}
	return false
}

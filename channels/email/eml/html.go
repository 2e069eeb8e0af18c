package eml

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/microcosm-cc/bluemonday"
	"golang.org/x/net/html"
)

// maxNesting is how deep elements of HTML that is to be shown may lie within
// each other: browsers and x/net/html stop at 512 too. Deeper HTML is read as text.
const maxNesting = 512

// SafeOptions say what a reader of HTML may load.
type SafeOptions struct {
	// CID gives the address of the inline part of that Content-ID, or "" to
	// leave the picture out. nil keeps cid: addresses.
	CID func(cid string) string
	// Remote lets pictures be loaded from where the sender put them, which
	// tells him that, when and where his mail was read.
	Remote bool
}

// Safe makes HTML of a stranger fit for a sandboxed frame: no scripts, styles,
// forms or frames, links that open elsewhere and tell nothing, pictures of the
// mail itself only. Remote pictures are counted; unless the reader asked for
// them, an <img data-remote="1"> stands where each was. The result is "" for
// HTML nested beyond all reason.
func Safe(src string, o SafeOptions) (safe string, remote int) {
	var out strings.Builder
	written := 0 // pictures that stand in the HTML itself
	deepest := walkHTML(src, func(t html.Token) {
		if t.Data == "img" && t.Type != html.TextToken && picture(&t, o, &written) {
			remote++
		}
		out.WriteString(t.String())
	})
	if deepest > maxNesting {
		return "", 0
	}
	return strings.TrimSpace(policy().Sanitize(out.String())), remote
}

// source is where an <img> loads from.
func source(t html.Token) string {
	for _, a := range t.Attr {
		if a.Key == "src" {
			return strings.TrimFunc(a.Val, func(r rune) bool { return r <= ' ' })
		}
	}
	return ""
}

// dataPicture is the beginning of a picture written into the HTML itself; SVG is
// none, as it can hold scripts.
var dataPicture = regexp.MustCompile(`(?i)^data:(image/(?:png|jpe?g|gif|webp|bmp));base64,`)

// dataCID is the Content-ID given to the n-th picture that is written into the
// HTML itself; it becomes an inline attachment like all others.
func dataCID(n int) string { return "data-" + strconv.Itoa(n) + "@inline" }

// eachDataPicture decodes the pictures that are written into the HTML, counted
// from one as Safe does.
func eachDataPicture(src string, visit func(n int, typ string, data []byte)) {
	if !strings.Contains(src, ";base64,") {
		return
	}
	n := 0
	walkHTML(src, func(t html.Token) {
		if t.Data != "img" || t.Type == html.TextToken {
			return
		}
		from := source(t)
		if m := dataPicture.FindStringSubmatch(from); m != nil {
			n++
			visit(n, strings.ToLower(m[1]), decodeBase64([]byte(from[len(m[0]):])))
		}
	})
}

// picture rewrites where an <img> loads from and says whether that is remote.
// written counts the pictures within the HTML itself.
func picture(t *html.Token, o SafeOptions, written *int) (remote bool) {
	src := source(*t)
	if dataPicture.MatchString(src) {
		*written++
		src = "cid:" + dataCID(*written)
	}
	t.Attr = slices.DeleteFunc(t.Attr, func(a html.Attribute) bool { return a.Key == "src" || a.Key == "data-remote" })
	lower := strings.ToLower(src)
	switch {
	case strings.HasPrefix(lower, "cid:"):
		cid := src[4:]
		if un, err := url.PathUnescape(cid); err == nil {
			cid = un
		}
		if src = "cid:" + url.PathEscape(cid); o.CID != nil {
			src = o.CID(cid)
		}
	case strings.HasPrefix(lower, "http:"), strings.HasPrefix(lower, "https:"), strings.HasPrefix(lower, "//"):
		remote = true
		if !o.Remote {
			t.Attr = append(t.Attr, html.Attribute{Key: "data-remote", Val: "1"})
			src = ""
		} else if lower[0] == '/' {
			src = "https:" + src
		}
	default:
		src = ""
	}
	if src != "" {
		t.Attr = append(t.Attr, html.Attribute{Key: "src", Val: src})
	}
	return remote
}

// policy lists what may be in HTML that is shown; all else goes. It does not
// rely on what Safe did before.
var policy = sync.OnceValue(func() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements(strings.Fields(`abbr address article b bdi bdo big blockquote br caption center cite code col colgroup
		dd del dfn div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i ins kbd li main mark ol p pre q
		rp rt ruby s samp section small span strike strong sub sup table tbody td tfoot th thead time tr tt u ul var wbr`)...)
	size := regexp.MustCompile(`^\d{1,4}(\.\d+)?(px|%)?$`)
	name := regexp.MustCompile(`^[\pL\pN#, _.\-]{1,80}$`)
	p.AllowAttrs("dir", "lang", "align", "valign").Matching(regexp.MustCompile(`^[A-Za-z\-]{1,20}$`)).Globally()
	p.AllowAttrs("title").Globally()
	p.AllowAttrs("width", "height", "border", "cellpadding", "cellspacing", "colspan", "rowspan", "span").Matching(size).
		OnElements("table", "td", "th", "tr", "col", "colgroup", "hr", "img")
	p.AllowAttrs("bgcolor").Matching(name).OnElements("table", "td", "th", "tr")
	p.AllowAttrs("color", "face", "size").Matching(name).OnElements("font")
	p.AllowAttrs("start", "type").Matching(regexp.MustCompile(`^[0-9A-Za-z]{1,9}$`)).OnElements("ol", "ul", "li")
	p.AllowAttrs("alt").OnElements("img")
	p.AllowAttrs("data-remote").Matching(regexp.MustCompile(`^1$`)).OnElements("img")
	p.AllowAttrs("src").Matching(regexp.MustCompile(`^(cid:|https?://|/[^/\\])`)).OnElements("img")
	p.AllowAttrs("href").Matching(regexp.MustCompile(`(?i)^\s*(https?://|mailto:|tel:)`)).OnElements("a")
	p.AllowNoAttrs().OnElements("img", "a", "font", "span")
	p.RequireParseableURLs(true)
	p.AllowRelativeURLs(true) // of pictures, as SafeOptions.CID gives them; links need a scheme, see above
	p.AllowURLSchemes("http", "https", "mailto", "tel", "cid")
	p.RequireNoFollowOnLinks(true)
	p.RequireNoReferrerOnLinks(true)
	p.AddTargetBlankToFullyQualifiedLinks(true)
	p.SkipElementsContent("title", "svg", "math", "template", "select", "applet", "audio", "video")
	return p
})

// unseen are elements whose content nobody sees.
var unseen = map[string]bool{"script": true, "style": true, "title": true, "template": true, "svg": true, "math": true, "iframe": true,
	"noframes": true, "noembed": true, "noscript": true, "object": true, "applet": true, "select": true, "audio": true, "video": true}

// void are elements that have no end.
var void = map[string]bool{"area": true, "base": true, "br": true, "col": true, "embed": true, "hr": true, "img": true, "input": true,
	"link": true, "meta": true, "param": true, "source": true, "track": true, "wbr": true}

// selfEnding are elements whose end people leave out; they do not nest for that.
var selfEnding = map[string]bool{"p": true, "li": true, "dt": true, "dd": true, "tr": true, "td": true, "th": true, "tbody": true,
	"thead": true, "tfoot": true, "option": true, "html": true, "head": true, "body": true, "colgroup": true}

// walkHTML calls visit with each tag and text that can be seen, in one pass
// over the tokens and without a tree, and returns how deep elements nest.
func walkHTML(src string, visit func(html.Token)) (deepest int) {
	z := html.NewTokenizer(strings.NewReader(src))
	skip, skipping := "", 0 // the element that is passed over, and how many of its kind are open
	depth := 0
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			return deepest
		}
		t := z.Token()
		start := kind == html.StartTagToken || kind == html.SelfClosingTagToken && !void[t.Data]
		if skipping > 0 {
			switch {
			case start && t.Data == skip:
				skipping++
			case kind == html.EndTagToken && t.Data == skip:
				skipping--
			}
			continue
		}
		switch {
		case start && !void[t.Data] && (unseen[t.Data] || hidden(t)):
			skip, skipping = t.Data, 1
			continue
		case kind == html.CommentToken, kind == html.DoctypeToken:
			continue
		case start && !void[t.Data] && !selfEnding[t.Data]:
			depth++
			deepest = max(deepest, depth)
		case kind == html.EndTagToken && !selfEnding[t.Data]:
			depth = max(0, depth-1)
		}
		visit(t)
	}
}

// hidden says whether an element is not displayed, as the preview lines of
// newsletters are.
func hidden(t html.Token) bool {
	for _, a := range t.Attr {
		if a.Key == "style" && strings.Contains(strings.Join(strings.Fields(strings.ToLower(a.Val)), ""), "display:none") {
			return true
		}
	}
	return false
}

// blocks are elements that begin and end a line.
var blocks = map[string]bool{"address": true, "article": true, "aside": true, "blockquote": true, "body": true, "caption": true, "center": true,
	"dd": true, "div": true, "dl": true, "dt": true, "fieldset": true, "figure": true, "footer": true, "form": true, "h1": true, "h2": true,
	"h3": true, "h4": true, "h5": true, "h6": true, "header": true, "hr": true, "html": true, "li": true, "main": true, "ol": true, "p": true,
	"pre": true, "section": true, "table": true, "tbody": true, "tfoot": true, "thead": true, "title": true, "tr": true, "ul": true}

// htmlText is the text of HTML as a reader sees it: blocks on lines of their
// own, cells apart by tabs, white space folded except in <pre>.
func htmlText(src string) string {
	var w lineWriter
	walkHTML(src, func(t html.Token) {
		if t.Type == html.TextToken {
			w.text(t.Data)
			return
		}
		switch t.Data {
		case "br":
			w.breaks = min(w.breaks+1, maxBreaks)
		case "td", "th":
			w.cell = w.cell || t.Type == html.EndTagToken
		case "pre":
			w.pre = t.Type == html.StartTagToken
		}
		if blocks[t.Data] {
			w.block()
		}
	})
	return strings.TrimSpace(w.out.String())
}

// maxBreaks is how many line ends in a row are kept: one empty line.
const maxBreaks = 2

// lineWriter folds white space and lays text out in lines.
type lineWriter struct {
	out    strings.Builder
	breaks int  // line ends owed before the next character
	space  bool // a blank is owed
	cell   bool // a tab is owed
	pre    bool
	line   bool // the line has characters
}

func (w *lineWriter) block() {
	w.cell, w.space = false, false
	if w.line && w.breaks == 0 {
		w.breaks = 1
	}
}

func (w *lineWriter) text(s string) {
	for _, r := range s {
		switch {
		case r == '\n' && w.pre:
			w.breaks = min(w.breaks+1, maxBreaks)
		case r == ' ' && w.pre:
			w.put(r)
		case r == ' ', r == '\t', r == '\n', r == '\r', r == '\f':
			w.space = true
		case r == '\u00A0':
			w.put(' ')
		case r == '\u200B', r == '\uFEFF', r == 0: // no width
		default:
			w.put(r)
		}
	}
}

func (w *lineWriter) put(r rune) {
	switch {
	case w.breaks > 0:
		for range w.breaks {
			w.out.WriteByte('\n')
		}
	case w.cell && w.line:
		w.out.WriteByte('\t')
	case w.space && w.line:
		w.out.WriteByte(' ')
	}
	w.breaks, w.space, w.cell, w.line = 0, false, false, true
	w.out.WriteRune(r)
}

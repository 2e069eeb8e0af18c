package eml_test

import (
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// unsafe names what is in HTML that must not be shown; "" if nothing is. It
// reads the HTML as browsers do, as a tree, and has its own list of what may
// be there: it does not trust the sanitiser that it tests.
func unsafe(src string) string {
	root, err := html.Parse(strings.NewReader(src))
	if err != nil {
		return err.Error()
	}
	return unsafeNode(root)
}

var (
	harmlessTags = strings.Fields("html head body a abbr address b bdo big blockquote br caption center cite code col colgroup dd del div dl dt em font h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q s samp small span strike strong sub sup table tbody td tfoot th thead tr tt u ul var section article header footer main figure figcaption wbr time ruby rt rp bdi dfn")
	harmlessKeys = strings.Fields("href src alt title width height align valign border cellpadding cellspacing colspan rowspan bgcolor color face size start type dir lang rel target data-remote span")
)

func unsafeNode(n *html.Node) string {
	if n.Type == html.ElementNode {
		if !slices.Contains(harmlessTags, n.Data) || n.Namespace != "" {
			return "<" + n.Data + ">"
		}
		for _, a := range n.Attr {
			if bad := unsafeAttr(n.Data, a); bad != "" {
				return bad
			}
		}
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if bad := unsafeNode(c); bad != "" {
			return bad
		}
	}
	return ""
}

func unsafeAttr(tag string, a html.Attribute) string {
	ok := slices.Contains(harmlessKeys, a.Key)
	switch a.Key {
	case "src":
		ok = tag == "img" && strings.HasPrefix(a.Val, "cid:")
	case "href":
		ok = tag == "a" && (strings.HasPrefix(a.Val, "https://") || strings.HasPrefix(a.Val, "http://") || strings.HasPrefix(a.Val, "mailto:") || strings.HasPrefix(a.Val, "tel:"))
	case "data-remote":
		ok = a.Val == "1"
	}
	if !ok {
		return a.Key + "=" + a.Val
	}
	return ""
}

package eml_test

import (
	"strings"
	"testing"

	"zongji/channels/email/eml"
)

func TestTextOfHTML(t *testing.T) {
	for _, tt := range []struct{ name, html, want string }{
		{"blocks are lines", "<div>a</div><div>b</div><p>c</p>d", "a\nb\nc\nd"},
		{"breaks", "a<br>b<br/>c<br><br><br><br>d", "a\nb\nc\n\nd"},
		{"cells are apart by tabs", "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a\tb\nc"},
		{"items are lines", "<ul><li>a<li>b</ul>", "a\nb"},
		{"white space folds", "a \n\t b", "a b"},
		{"but not in pre", "<pre>a\n  b</pre>", "a\n  b"},
		{"hard blanks stay", "a&nbsp;&nbsp;b", "a  b"},
		{"entities", "&lt;a&gt; &amp; &#22909;", "<a> & 好"},
		{"scripts and styles are not read", "<style>p{}</style><script>x()</script><title>t</title>a<!-- c -->b", "ab"},
		{"what is not displayed is not read", `<div style="DISPLAY : none !important">preview <div>x</div> y</div>a`, "a"},
		{"addresses of links are not read", `<a href="javascript:x">a</a> <a href="https://x.test">b</a>`, "a b"},
		{"tags that do not end", "a<div>b<span>c", "a\nbc"},
		{"no width", "a\u200bb\ufeffc", "abc"},
	} {
		if got := eml.HTMLText(tt.html); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// hostile are ways to run a script, load something or leave the frame; none of
// it may be left.
var hostile = []string{
	`<script>alert(1)</script>`, `<SCRIPT SRC=//evil.test/x.js></SCRIPT>`, `<scr<script>ipt>alert(1)</scr</script>ipt>`, `<script/x>alert(1)</script>`,
	`<img src=x onerror=alert(1)>`, `<img src="javascript:alert(1)">`, "<img src=\"jav\tascript:alert(1)\">", `<img src="data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9YWxlcnQoMSk+">`,
	`<img/onerror=alert(1) src=x>`, `<IMG """><SCRIPT>alert(1)</SCRIPT>">`, "<img src=x onerror\n=alert(1)>", "<img src=`x`onerror=alert(1)>",
	`<a href="javascript:alert(1)">x</a>`, `<a href=" javascript:alert(1)">x</a>`, `<a href="java&#x0A;script:alert(1)">x</a>`, `<a href="&#106;avascript:alert(1)">x</a>`, `<a href="data:text/html,<script>alert(1)</script>">x</a>`, `<a href="vbscript:x">x</a>`, `<a href="/admin/delete">x</a>`, `<a href="//evil.test">x</a>`, `<a href="cid:x">x</a>`, `<a href="file:///etc/passwd">x</a>`,
	`<svg onload=alert(1)>`, `<svg><script>alert(1)</script></svg>`, `<svg><animate onbegin=alert(1)>`, `<svg><style><img src=x onerror=alert(1)></style></svg>`, `<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>`,
	`<iframe src="https://evil.test"></iframe>`, `<iframe srcdoc="<script>alert(1)</script>">`, `<object data="x"></object>`, `<embed src=x>`, `<applet code=x></applet>`, `<frameset><frame src=x></frameset>`,
	`<form action="https://evil.test"><input name=p><button formaction="javascript:alert(1)">x</button></form>`, `<input autofocus onfocus=alert(1)>`, `<textarea><img src=x onerror=alert(1)></textarea>`,
	`<base href="https://evil.test/">`, `<meta http-equiv=refresh content="0;url=https://evil.test">`, `<link rel=stylesheet href=https://evil.test/x.css>`, `<style>@import url(https://evil.test/x.css);</style>`,
	`<div style="background:url(https://evil.test/x)">x</div>`, `<div style="width:expression(alert(1))">x</div>`, `<table background="https://evil.test/x"><tr><td>x</td></tr></table>`, `<body background="https://evil.test/x" onload=alert(1)>`,
	`<video src=https://evil.test/x autoplay onplay=alert(1)></video>`, `<audio src=https://evil.test/x>`, `<picture><source srcset="https://evil.test/x"><img srcset="https://evil.test/y 2x" src="https://evil.test/z"></picture>`,
	`<noscript><p title="</noscript><img src=x onerror=alert(1)>">`, `<title><img src=x onerror=alert(1)></title>`, `<xmp><img src=x onerror=alert(1)></xmp>`, `<plaintext><img src=x onerror=alert(1)>`, `<template><img src=x onerror=alert(1)></template>`,
	`<!--><img src=x onerror=alert(1)>-->`, `<!--[if gte mso 9]><script>alert(1)</script><![endif]-->`, `<![CDATA[<img src=x onerror=alert(1)>]]>`, `<?xml-stylesheet href="javascript:alert(1)"?>`,
	`<p title="x" onmouseover="alert(1)" class=x id=location name=cookie>x</p>`, `<a name=x id=y href="https://ok.test" target=_top onclick=alert(1) ping="https://evil.test">x</a>`,
	`<img src="cid:x" onload=alert(1)>`, `<img src="cid:&quot; onerror=alert(1) x=&quot;">`, `<img src="\\evil.test\x">`, `<img src="/\evil.test/x">`, `<img src="http://evil.test/x" src="cid:a">`, `<img src="cid:a" src="http://evil.test/x">`, `<img data-remote="https://evil.test/x" src="cid:a">`,
	`<font face="x;onload=alert(1)" color="expression(alert(1))">x</font>`, `<details open ontoggle=alert(1)>x</details>`, `<marquee onstart=alert(1)>x</marquee>`, `<isindex type=image src=1 onerror=alert(1)>`,
	"<img src=x onerror=alert(1)", "<a href=\"https://ok.test", "<p/title='\"><img src=x onerror=alert(1)>'>",
}

func TestSafeHTMLIsSafe(t *testing.T) {
	for _, src := range hostile {
		safe, _ := eml.Safe(src, eml.SafeOptions{})
		if bad := unsafe(safe); bad != "" {
			t.Errorf("%s\nbecomes %s\nwith %s", src, safe, bad)
		}
		if again, _ := eml.Safe(safe, eml.SafeOptions{}); unsafe(again) != "" {
			t.Errorf("%s is not safe when cleaned twice: %s", src, again)
		}
	}
}

func TestSafeHTMLKeepsWhatIsRead(t *testing.T) {
	for _, tt := range []struct{ name, html, want string }{
		{"text and tables", `<table border="1"><tr><td bgcolor="#eeeeee" style="x">a</td></tr></table>`, `<table border="1"><tr><td bgcolor="#eeeeee">a</td></tr></table>`},
		{"links open elsewhere", `<a href="https://x.test/?a=1&amp;b=2" onclick=x>a</a>`, `<a href="https://x.test/?a=1&amp;b=2" rel="nofollow noreferrer noopener" target="_blank">a</a>`},
		{"mail and telephone links", `<a href="mailto:a@b.test">a</a>`, `<a href="mailto:a@b.test" rel="nofollow noreferrer">a</a>`},
		{"own pictures", `<img src="CID:a%40b" alt="x" width=10>`, `<img alt="x" width="10" src="cid:a@b">`},
		{"remote pictures wait", `<img src="https://evil.test/x.gif" alt="x">`, `<img alt="x" data-remote="1">`},
		{"nothing", ``, ``},
	} {
		if got, _ := eml.Safe(tt.html, eml.SafeOptions{}); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestPictures(t *testing.T) {
	const src = `<img src="cid:a@b"><img src="cid:gone"><img src="http://x.test/1"><img src="//x.test/2">`
	cid := func(id string) string {
		if id == "a@b" {
			return "/f/tok?n=1"
		}
		return ""
	}
	safe, remote := eml.Safe(src, eml.SafeOptions{CID: cid})
	if want := `<img src="/f/tok?n=1"><img><img data-remote="1"><img data-remote="1">`; safe != want || remote != 2 {
		t.Errorf("%s, %d remote, want %s, 2", safe, remote, want)
	}
	safe, _ = eml.Safe(src, eml.SafeOptions{CID: cid, Remote: true})
	if want := `<img src="/f/tok?n=1"><img><img src="http://x.test/1"><img src="https://x.test/2">`; safe != want {
		t.Errorf("asked for: %s, want %s", safe, want)
	}
}

func TestPicturesWithinTheHTMLBecomeAttachments(t *testing.T) {
	m := parse("Content-Type: text/html\n\n<img src='data:image/svg+xml;base64,PHN2Zz4='><img src=\"data:image/PNG;base64,iVBORw0K\nGgo=\">")
	if m.SafeHTML != `<img><img src="cid:data-1@inline">` || len(m.Attachments) != 1 {
		t.Fatalf("%s, %d attachments", m.SafeHTML, len(m.Attachments))
	}
	if a := m.Attachments[0]; a.CID != "data-1@inline" || a.Name != "attachment-1.png" || !a.Inline || string(a.Data) != "\x89PNG\r\n\x1a\n" {
		t.Errorf("%+v", a)
	}
}

func TestHTMLNestedBeyondReasonIsReadAsText(t *testing.T) {
	m := parse("Content-Type: text/html\n\n" + strings.Repeat("<div>", 50_000) + "deep" + strings.Repeat("</div>", 50_000))
	if m.SafeHTML != "" || m.Text != "deep" || m.Err == nil {
		t.Errorf("safe %.40q, text %q, %v", m.SafeHTML, m.Text, m.Err)
	}
	if m := parse("Content-Type: text/html\n\n" + strings.Repeat("<p>a<table><tr><td>b</table>", 2000)); m.SafeHTML == "" {
		t.Errorf("long but flat: %v", m.Err)
	}
}

// Package wechattest is WeChat for tests and for the demo: one HTTP server that
// answers as api.weixin.qq.com (official accounts, mini-programs) and as
// qyapi.weixin.qq.com (WeCom 微信客服, "kf"), and the people who use WeChat. It
// keeps WeChat's rules: signed and encrypted callbacks with three tries,
// tokens that end, messages that are counted, windows that close, sessions
// with states. It is written from Tencent's documents and shares no code with
// the adapters, so that a mistake in one of the two shows in the other.
//
//	s := wechattest.New(wechattest.Options{})
//	if err := s.Start("127.0.0.1:0"); err != nil { … }
//	defer s.Close()
//	oa := s.OfficialAccount(wechattest.Account{AppID: "wx1", Secret: "…", Token: "…", AESKey: "…", Mode: wechattest.Safe, Callback: url})
//	ming := s.User("小明", "unionid-1")
//	ming.Follow(oa, "")
//	d := ming.Say(oa, "什么时候发货？") // waits for the callback's answer, with WeChat's retries
//	lines := ming.Wait(oa, 1, 5*time.Second)
//
// Actions of a user wait until the callback was answered or given up; what
// WeChat pushes by itself (a failed kf message, a template's result) is sent
// in the background until Close ends it. All is safe for concurrent use.
//
// # The same over HTTP
//
// Below /_sim/ a page or a browser test drives the same server. Bodies and
// answers are JSON; an error is {"error": "…"} with status 400 or 404. Times
// are milliseconds of the server's own clock; "media" is a path below /_sim/.
// In the demo /api/v1/demo/wechat/… is the same as /_sim/….
//
//	GET  /_sim/state
//	     {"now": ms, "ahead_s": 0,
//	      "accounts": [{"id": "wx1", "kind": "oa|mini|kf", "name": "…", "callback": true, "verified": true,
//	                    "menu": [{"type": "click|view|…", "name": "…", "key": "…", "url": "…", "sub_button": [...]}],
//	                    "scenes": ["store42"],                        // of QR codes made by the API
//	                    "contact_ways": ["from-docs"],                // kf: scenes of contact links
//	                    "servicers": [{"userid": "zs", "status": 0}], // kf
//	                    "templates": [{"id": "…", "title": "…"}]}],
//	      "users": [{"id": "u1", "name": "小明", "unionid": "…", "chats": ["wx1"]}]}
//	POST /_sim/users {"name": "小明", "unionid": "…"}     -> {"id": "u1", "name": "…", "unionid": "…"}
//	GET  /_sim/users/{id}/inbox?account=wx1&after=0      what he sees, his own lines too; waits ≤ 25 s when there is nothing new (wait=0: does not)
//	     {"lines": [{"n": 1, "at": ms, "from": "me|account|servicer|notice", "via": "custom|passive|template|subscribe|kf|event",   // event: what he did himself
//	                 "kind": "text|image|voice|video|file|location|link|news|music|msgmenu|miniprogrampage|template|enter|…",
//	                 "text": "…", "title": "…", "url": "…", "media": "media/ID", "media_id": "ID", "seconds": 3,
//	                 "menu": [{"id": "101", "type": "click|view|miniprogram", "content": "满意", "url": "…"}], "tail": "…",
//	                 "msgid": "…", "recalled": true}],
//	      "rev": 7, "typing": false}
//	     n is a line's place in this chat, 1, 2, …. A recalled line keeps its n: poll with rev=<last rev> instead of
//	     after to be woken by each change (typing, recall) and get all lines.
//	POST /_sim/users/{id}/act {"account": "wx1", "act": "…", …}
//	     -> {"msgid": "…", "attempts": 1, "status": 200, "took_ms": 4, "error": "…"}   error: what kept it from being answered
//	     follow {scene?}   unfollow   scan {scene}   block {on}        official account
//	     click {key} or {url}     a menu button (key: CLICK, url: VIEW)
//	     say {text}   image|voice|video|file {data? base64, name?, text? (voice: what was recognised)}   none: a sample
//	     location {lat, lon, label}   link {title, text, url}   card {title, page}   tap {id}   an item of the last msgmenu
//	     enter {scene?, scene_param?}      kf; mini-program: scene is the session-from
//	     recall {msgid}   reject {on}      kf
//	     consent {template}                accepts one subscription message
//	POST /_sim/accounts/{id}/servicer {"user": "u1", "servicer": "zs", "act": "take|say|recall|end|status", "text", "msgid", "on"}
//	     what a seat in the WeCom client does (kf)
//	GET  /_sim/users/{id}/window?account=wx1             what WeChat counts
//	     {"open": true, "left": 3, "until": ms, "followed": true, "state": 1, "servicer": ""}   state, servicer: kf
//	POST /_sim/jump {"seconds": 172800}                  moves the server's clock forward -> {"now": ms}
//	POST /_sim/fail {"endpoint": "custom/send", "errcode": -1, "times": 3}
//	POST /_sim/delay {"endpoint": "custom/send", "ms": 6000}
//	POST /_sim/drop {"endpoint": "custom/send", "times": 1}
//	POST /_sim/rotate {"id": "wx1"}                      all tokens of the account (or corp) end at once
//	POST /_sim/verify {"account": "wx1"}                 -> {"error": "…"} as the console's "submit" button
//	GET  /_sim/refused?after=0                           [{"n": 1, "at": ms, "account": "wx1", "endpoint": "…", "errcode": 45047, "errmsg": "…", "user": "u1"}]
//	GET  /_sim/calls                                     [{"endpoint": "…", "errcode": 0, "count": 12}]
//	GET  /_sim/media/{id}                                the bytes of what was sent
package wechattest

package wechattest

import "fmt"

// fault is a refusal: WeChat's number and its English text.
type fault struct {
	code int
	msg  string
}

// messages are the texts that come with a code; adapters must go by the code.
var messages = map[int]string{
	-1:    "system error",
	40001: "invalid credential, access_token is invalid or not latest, could get access_token by getStableAccessToken, more details at https://mmbizurl.cn/s/JtxxFh33r",
	40002: "invalid grant_type", 40003: "invalid openid", 40004: "invalid media type", 40005: "invalid file type", 40006: "invalid media size",
	40007: "invalid media_id", 40008: "invalid message type", 40009: "invalid image size", 40010: "invalid voice size", 40011: "invalid video size",
	40012: "invalid thumb size", 40013: "invalid appid", 40014: "invalid access_token", 40015: "invalid menu type", 40016: "invalid button size",
	40017: "invalid button type", 40018: "invalid button name size", 40019: "invalid button key size", 40020: "invalid button url size",
	40023: "invalid sub button size", 40024: "invalid sub button type", 40025: "invalid sub button name size", 40026: "invalid sub button key size",
	40027: "invalid sub button url size", 40035: "invalid parameter", 40037: "invalid template_id", 40058: "invalid Request Parameter",
	40096: "invalid external userid", 40097: "invalid args", 40125: "invalid appsecret", 40164: "invalid ip, not in whitelist", 40200: "invalid account type",
	41001: "access_token missing", 41002: "appid missing", 41004: "appsecret missing", 41006: "media_id missing", 41050: "invalid welcome code",
	42001: "access_token expired", 43001: "require GET method", 43002: "require POST method", 43004: "require subscribe", 43101: "user refuse to accept the msg",
	44001: "empty media data", 44002: "empty post data", 44004: "empty content", 45001: "media size out of limit", 45002: "content size out of limit",
	45008: "article size out of limit", 45009: "reach max api daily quota limit", 45011: "api minute-quota reach limit, must slower, retry next minute",
	45015: "response out of time limit or subscription is canceled", 45026: "template num exceeds limit", 45033: "api concurrent out of limit",
	45047: "out of response count limit", 45072: "invalid command", 45080: "no interaction in the last 30 seconds", 45081: "already typing",
	46003: "menu no exist", 47001: "data format error", 47003: "argument invalid!", 48001: "api unauthorized", 48002: "user block",
	48006: "forbid to clear quota because of reaching the limit", 60020: "not allow to access from your ip", 65301: "no such conditional menu",
	65303: "there is no selfmenu, please create selfmenu first", 65304: "invalid matchrule", 76021: "cgi_path not found, please check", 87014: "risky content",
	95000: "invalid open_kfid", 95001: "send msg count limit", 95002: "send msg time limit", 95004: "open_kfid not exist", 95007: "invalid msg token",
	95008: "menu list count limit", 95009: "invalid menu type", 95014: "user is not servicer", 95016: "invalid service state transition",
	95018: "send msg session status invalid", 95019: "servicer is not receiving",
}

// refuse makes the fault of a code.
func refuse(code int) *fault {
	msg, known := messages[code]
	if !known {
		msg = fmt.Sprintf("error %d", code)
	}
	return &fault{code, msg}
}

package bot

import (
	"regexp"
	"strings"
	"unicode"

	"zongji/bot/match"
)

// What a whole message may be, in normal form (simplified, lower case,
// without punctuation).
var (
	greetings = set("你好 您好 哈喽 嗨 在吗 在不在 有人吗 有人在吗 早上好 上午好 中午好 下午好 晚上好 早 亲 客服在吗 hi hello hey 你好啊 您好啊 你好在吗 您好在吗 hello你好 hithere hellothere goodmorning goodafternoon goodevening")
	thanks    = set("谢谢 谢谢你 谢谢您 多谢 感谢 非常感谢 谢谢啦 谢了 thanks thankyou thx ty thankyouverymuch thanksalot 好的谢谢 谢谢客服 ok谢谢")
	byes      = set("再见 拜拜 拜 bye byebye goodbye 没事了 没有了 没问题了 不用了 先这样 886")
	okays     = set("好 好的 嗯 嗯嗯 ok okay 知道了 明白了 收到 哦 行 了解 可以 好吧 gotit isee alright")
	solveds   = set("解决了 已解决 已经解决 已经解决了 问题解决了 搞定了 好了 可以了 solved itworks fixed resolved thatworks")
	unsolveds = set("没解决 没有解决 还没解决 未解决 没用 没有用 不行 还是不行 不对 不是这个 都不是 答非所问 没帮助 没有帮助 看不懂 notsolved unsolved notresolved stillnotworking doesntwork didnthelp thatdoesnthelp notthis noneofthese")
	humans    = set("转人工 人工 人工客服 人工服务 转人工客服 转人工服务 转客服 真人 真人客服 活人 客服 找客服 找人工 我要人工 我要找人工 在线客服 接人工 agent human person representative operator liveagent livechat realperson humanagent customerservice 0")

	humanPhrase = regexp.MustCompile(`转接?人工|转接客服|(?:找|要|接|叫|换|联系|呼叫|需要)(?:个|一个|你们|一下|在线|你们的)?(?:人工|真人|活人|客服|专员|坐席)|人工(?:客服|服务|坐席|专员|接待|处理|帮)|真人客服|跟人(?:说|聊)|不(?:想)?(?:跟|和)机器人` +
		`|\b(?:talk|speak|chat|connect|transfer|switch|pass)\b.{0,20}\b(?:agent|human|person|someone|somebody|representative|operator|people)\b|\b(?:need|want|get)\b.{0,15}\b(?:an? )?(?:agent|human|real person|representative|operator)\b|\b(?:real|live) (?:agent|person|human)\b`)
	notHuman = regexp.MustCompile(`(?:不要|不用|不需要|别|无需|没必要)(?:给我|帮我)?(?:再)?(?:转|找|叫)?(?:接)?人工|人工(?:费|智能|成本|草坪)|\b(?:don'?t|do not|no)\b.{0,15}\b(?:agent|human)\b`)
)

func set(words string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		m[w] = true
	}
	return m
}

// plain drops all but letters and digits of a normal text.
func plain(norm string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, norm)
}

// trim drops particles at the end of a plain text: 转人工吧, 谢谢啦.
func trim(s string) string { return strings.TrimRight(s, "吧啊呀呢哦啦嘛哈吗") }

// intent is what a message wants when it is no question.
type intent int

const (
	question intent = iota
	nothing         // no letter in it
	greeting
	thank
	bye
	okay
	solved
	unsolved
	human
)

// intentOf looks at one message. Asking for a person also works inside a
// longer sentence; all else must be the whole message.
func intentOf(text string) intent {
	norm := match.Normal(text)
	p := plain(norm)
	t := trim(p)
	is := func(m map[string]bool) bool { return m[p] || m[t] }
	switch {
	case p == "":
		return nothing
	case is(humans):
		return human
	case humanPhrase.MatchString(norm) && !notHuman.MatchString(norm):
		return human
	case is(greetings):
		return greeting
	case is(thanks):
		return thank
	case is(byes):
		return bye
	case is(solveds):
		return solved
	case is(unsolveds):
		return unsolved
	case is(okays):
		return okay
	}
	return question
}

// urgent are words after which a person must come at once, whatever else is
// said; rules give the conversation its lane.
var urgentWords = []string{"起火", "着火", "失火", "冒烟", "触电", "漏电", "电到", "焦味", "糊味", "烧焦", "异味", "发烫", "爆炸", "炸了", "受伤", "流血", "晕倒", "被困", "自杀",
	"smoke", "smoking", "on fire", "caught fire", "electric shock", "burning smell", "explod", "sparks"}

var unurgent = regexp.MustCompile(`(?:没有|没|不|无|防)(?:起火|着火|冒烟|触电|漏电|异味|发烫|爆炸|受伤)|(?:no|non|not) ?smok|smoke (?:detector|alarm)`)

// Urgent reports whether a text speaks of danger to people, so that they are
// told what saves them before anything else.
func Urgent(text string) bool { return isUrgent(match.Normal(text)) }

func isUrgent(norm string) bool {
	norm = unurgent.ReplaceAllString(norm, " ")
	for _, w := range urgentWords {
		if strings.Contains(norm, w) {
			return true
		}
	}
	return false
}

// langOf returns the language of a customer's words; what does not show
// keeps the language that was known before.
func langOf(text, before string) string {
	if match.HasHan(text) {
		switch match.Script(text) {
		case "hant":
			return ZhTW
		case "hans":
			return ZhCN
		}
		if Lang(before) == En {
			return ZhCN
		}
		return Lang(before)
	}
	words := 0
	for w := range strings.FieldsSeq(text) {
		if w = strings.Trim(w, ".,!?;:'\"()"); len(w) >= 2 && !strings.ContainsFunc(w, func(r rune) bool { return !unicode.IsLetter(r) && r != '\'' }) {
			words++ // numbers and names of models are no language
		}
	}
	if words >= 2 || words == 1 && before == "" {
		return En
	}
	return Lang(before)
}

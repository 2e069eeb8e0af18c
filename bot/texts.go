package bot

import (
	"maps"
	"slices"
	"strings"

	"zongji/internal/zongji"
)

// The languages that customers are spoken to in.
const (
	ZhCN = "zh-CN"
	ZhTW = "zh-TW"
	En   = "en"
)

// words are one text in simplified Chinese, traditional Chinese and English.
type words struct{ cn, tw, en string }

// texts are all that the product itself says to customers, by key. {name}
// is replaced by an argument of that name.
var texts = map[string]words{
	"greeting":   {"您好，我是智能客服，请直接说出您的问题；需要人工时回复“转人工”。", "您好，我是智慧客服，請直接說出您的問題；需要真人時請回覆「轉人工」。", "Hello, I am the assistant. Tell me what you need, or say “agent” to reach a person."},
	"ask_back":   {"您想问的是下面哪一个？都不是的话，可以换个说法或转人工。", "您想問的是下面哪一個？都不是的話，可以換個說法或轉人工。", "Did you mean one of these? If not, say it in other words or ask for a person."},
	"no_answer":  {"抱歉，我没有找到答案。请换个说法再问一次，或者转人工。", "抱歉，我沒有找到答案。請換個說法再問一次，或者轉人工。", "Sorry, I found no answer. Please say it in other words, or ask for a person."},
	"again":      {"这个问题的答案刚才已经发给您了。还没解决的话，可以看看下面的问题，或者转人工。", "這個問題的答案剛才已經傳給您了。還沒解決的話，可以看看下面的問題，或者轉人工。", "I have already sent that answer. If it did not help, look at these or ask for a person."},
	"got_file":   {"图片（文件）收到了。请再用一句话说说遇到的问题，或者转人工。", "圖片（檔案）收到了。請再用一句話說說遇到的問題，或者轉人工。", "Got your file. Please describe the problem in a sentence, or ask for a person."},
	"say_more":   {"请用文字说说您遇到的问题，我马上帮您看。", "請用文字說說您遇到的問題，我馬上幫您看。", "Please tell me in words what you need."},
	"thanks":     {"不客气，很高兴帮到您。还有其他问题请随时告诉我。", "不客氣，很高興幫到您。還有其他問題請隨時告訴我。", "You are welcome. Tell me if there is anything else."},
	"bye":        {"感谢您的咨询，祝您生活愉快，再见！", "感謝您的諮詢，祝您生活愉快，再見！", "Thank you for writing. Have a good day!"},
	"safety":     {"请您立即断开电源、停止使用并远离设备，不要自行拆解！正在为您紧急转接人工。", "請您立即切斷電源、停止使用並遠離設備，不要自行拆解！正在為您緊急轉接真人客服。", "Please switch off the power at once, stop using the device and keep away from it. Do not open it. I am calling a person for you now."},
	"human":      {"转人工", "轉人工", "Talk to a person"},
	"solved":     {"解决了", "解決了", "Solved"},
	"not_solved": {"没解决", "沒解決", "Not solved"},

	"solved_thanks": {"太好了，感谢您的反馈！还有其他问题请随时告诉我。", "太好了，感謝您的回饋！還有其他問題請隨時告訴我。", "Great, thank you for telling us. Write any time you need more."},
	"unsolved":      {"抱歉没有帮到您。是下面这些问题吗？也可以直接转人工。", "抱歉沒有幫到您。是下面這些問題嗎？也可以直接轉人工。", "Sorry that it did not help. Is it one of these? You can also ask for a person."},

	"handover_place":        {"正在为您转接人工客服，您前面还有 {place} 位，预计等待约 {wait} 分钟，请稍候。", "正在為您轉接真人客服，您前面還有 {place} 位，預計等待約 {wait} 分鐘，請稍候。", "Connecting you to a person. There are {place} before you; expected wait about {wait} min."},
	"handover_next":         {"正在为您转接人工客服，您是下一位，请稍候。", "正在為您轉接真人客服，您是下一位，請稍候。", "Connecting you to a person. You are next."},
	"handover_agent_joined": {"客服 {name} 已接入，很高兴为您服务。", "客服 {name} 已加入對話，很高興為您服務。", "{name} has joined and is happy to help."},
	"after_hours":           {"现在是非人工服务时间，客服将于 {next} 上班。请留言说明您的问题，并留下姓名和联系方式，我们会尽快回复。", "現在是非服務時間，客服將於 {next} 上班。請留言說明您的問題，並留下姓名和聯絡方式，我們會儘快回覆。", "Our team is away until {next}. Please leave your question with your name and how to reach you; we will answer then."},
	"mail_ack":              {"您的来信已收到（编号 {number}），我们会尽快回复。请直接回复本邮件补充说明。", "您的來信已收到（編號 {number}），我們會儘快回覆。請直接回覆本郵件補充說明。", "We have received your mail ({number}) and will answer as soon as we can. To add something, reply to this mail."},
	"mail_ack_by":           {"您的来信已收到（编号 {number}），我们将在 {answer_time} 前回复。请直接回复本邮件补充说明。", "您的來信已收到（編號 {number}），我們將在 {answer_time} 前回覆。請直接回覆本郵件補充說明。", "We have received your mail ({number}) and will answer by {answer_time}. To add something, reply to this mail."},
	"mail_hours":            {"您的来信已收到（编号 {number}）。现在是非服务时间，客服将于 {hours} 上班，届时会尽快回复。", "您的來信已收到（編號 {number}）。現在是非服務時間，客服將於 {hours} 上班，屆時會儘快回覆。", "We have received your mail ({number}). Our team is back at {hours} and will answer then."},
	"parked_thanks":         {"留言已收到，客服上班后会第一时间回复您。", "留言已收到，客服上班後會第一時間回覆您。", "Your message is saved. We will answer as soon as we are back."},
	"ended":                 {"本次服务已结束，感谢您的咨询。再次发送消息即可继续。", "本次服務已結束，感謝您的諮詢。再次傳送訊息即可繼續。", "This conversation has ended. Thank you! Write again any time."},
	"ended_idle":            {"由于较长时间没有收到您的消息，本次服务已结束。再次发送消息即可继续。", "由於較長時間沒有收到您的訊息，本次服務已結束。再次傳送訊息即可繼續。", "We have not heard from you for a while, so this conversation has ended. Write again any time."},
	"rate_ask":              {"请为本次服务打分，您的意见对我们很重要。", "請為本次服務評分，您的意見對我們很重要。", "Please rate our service. Your opinion matters to us."},
	"rate_5":                {"很满意", "很滿意", "Very satisfied"},
	"rate_4":                {"满意", "滿意", "Satisfied"},
	"rate_3":                {"一般", "普通", "Neutral"},
	"rate_2":                {"不满意", "不滿意", "Dissatisfied"},
	"rate_1":                {"很不满意", "很不滿意", "Very dissatisfied"},
	"go_on":                 {"继续咨询", "繼續諮詢", "Continue"},
	"go_on_ask":             {"由我们的客服继续为您服务：请点击下面的按钮，或直接回复。", "由我們的客服繼續為您服務：請點擊下面的按鈕，或直接回覆。", "Our team goes on from here: press the button below, or just write."},
	"to_seat":               {"正在为您转接专员，请稍候。", "正在為您轉接專員，請稍候。", "We are passing you to a specialist. One moment please."},
	"lost_agent":            {"客服暂时掉线，正在为您安排其他客服，无需重复说明。", "客服暫時斷線，正在為您安排其他客服，無需重複說明。", "Your agent was disconnected. We are finding another one; you need not repeat anything."},
	"requeued":              {"已为您重新排队，您的等待时间不会重新计算，请稍候。", "已為您重新排隊，您的等待時間不會重新計算，請稍候。", "You are waiting again and keep your place. One moment please."},
	"transferred":           {"正在为您转接更合适的同事，请稍候。", "正在為您轉接更合適的同事，請稍候。", "We are passing you to the right colleague. One moment please."},
	"reopened":              {"已为您继续之前的对话，请稍候。", "已為您繼續之前的對話，請稍候。", "We are continuing your earlier conversation. One moment please."},
	"blocked":               {"您暂时无法发送消息，如有疑问请拨打客服热线。", "您暫時無法傳送訊息，如有疑問請撥打客服專線。", "You cannot send messages at the moment. Please call our hotline if you have questions."},
	"file_ok":               {"文件已收到。", "檔案已收到。", "Your file has arrived."},
}

// Text returns what the product says to a customer, in simplified Chinese
// when the language is not one of the three. An unknown key is returned as it
// is, so that a mistake is seen and not silent.
func Text(lang, key string, args ...map[string]string) string {
	w, ok := texts[key]
	if !ok {
		return key
	}
	s := w.cn
	switch Lang(lang) {
	case ZhTW:
		s = w.tw
	case En:
		s = w.en
	}
	for _, a := range args {
		for name, value := range a {
			s = strings.ReplaceAll(s, "{"+name+"}", value)
		}
	}
	return s
}

// Lang maps a language tag to one of the three; unknown ones are zh-CN.
func Lang(tag string) string {
	tag = strings.ToLower(tag)
	switch {
	case strings.HasPrefix(tag, "en"):
		return En
	case strings.HasPrefix(tag, "zh-tw"), strings.HasPrefix(tag, "zh-hk"), strings.HasPrefix(tag, "zh-mo"), strings.HasPrefix(tag, "zh-hant"):
		return ZhTW
	}
	return ZhCN
}

// StarsPrefix begins the values of the options that rate a service.
const StarsPrefix = "stars:"

// StarOptions are what a customer may choose to rate a service, the best first.
func StarOptions(lang string) []zongji.Option {
	var out []zongji.Option
	for _, n := range []string{"5", "4", "3", "2", "1"} {
		out = append(out, zongji.Option{Value: StarsPrefix + n, Text: Text(lang, "rate_"+n)})
	}
	return out
}

// Stars reads a typed rating: 1 to 5 for its digit, its word in any language or
// both ("5", "４分", "很满意", "5 很满意"), else 0.
func Stars(text string) int {
	text = strings.Map(func(r rune) rune {
		if r >= '０' && r <= '９' {
			r += '0' - '０'
		}
		return r
	}, strings.Trim(strings.TrimSpace(text), "·.。!！ "))
	for _, n := range []string{"1", "2", "3", "4", "5"} {
		rest, digit := strings.CutPrefix(text, n)
		rest = strings.TrimSpace(rest)
		w := texts["rate_"+n]
		if digit && (rest == "" || rest == "分" || rest == "星") || rest == w.cn || rest == w.tw || strings.EqualFold(rest, w.en) {
			return int(n[0] - '0')
		}
	}
	return 0
}

// TextKeys returns the keys of all texts.
func TextKeys() []string { return slices.Sorted(maps.Keys(texts)) }

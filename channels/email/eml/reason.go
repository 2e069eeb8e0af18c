package eml

import (
	"cmp"
	"regexp"
	"strings"
	"sync"
)

// evidence is what a report says about one delivery.
type evidence struct {
	kind       string // of the diagnostic: smtp, x-unix, x-postfix …
	diagnostic string
	status     string // the report's Status field
	near       string // the prose about the recipient
	alone      bool   // the report is about one recipient
	whole      whole  // the prose of all recipients
	command    string // rcpt, mail, data, ehlo or ""
}

// whole is what a report says taken as one.
type whole struct {
	reason, code, verb string // as far as it tells
	replied            bool   // it holds an answer of a server
	explained          bool   // it tells in words that there is no such mailbox
	delayed            bool   // it warns only
}

func weigh(text string) whole {
	w := whole{reason: spoken(text), verb: verb(text), replied: reply.MatchString(text), explained: explained.MatchString(text), delayed: delayed.MatchString(text)}
	if m := replied.FindStringSubmatch(text); m != nil {
		w.code = m[2]
	}
	return w
}

var (
	enhanced = lazy(`(?:^|[^\d.])([245]\.\d{1,3}\.\d{1,3})(?:[^\d.]|\.?$|\.\s)`)
	replied  = lazy(`(?:^|[^\d.])([245]\d\d)[ -]+['"<]?([245]\.\d{1,3}\.\d{1,3})(?:[^\d.]|$)`)
)

// code is the most telling enhanced status: the one behind a reply code in
// the server's own words, then the report's.
func (e evidence) code() string {
	for _, s := range []string{e.diagnostic, e.near} {
		if m := replied.FindStringSubmatch(s); m != nil && !strings.HasSuffix(m[2], ".0.0") {
			return m[2]
		}
	}
	for _, s := range []string{e.status, e.diagnostic, e.near} {
		if m := enhanced.FindStringSubmatch(s); m != nil && !strings.HasSuffix(m[1], ".0.0") {
			return m[1]
		}
	}
	for _, s := range []string{e.status, e.diagnostic, e.near} {
		if m := enhanced.FindStringSubmatch(s); m != nil {
			return m[1]
		}
	}
	return e.whole.code
}

// reply is a server's answer within prose: "550 5.1.1 …".
var reply = lazy(`(?:^|[\s:'"(#])([45]\d\d[ -]+(?:[#'"<]*[45]\.\d{1,3}\.\d{1,3})?.*)`)

// reason names why the delivery failed: by the server's answer, by the words
// around it, by its status, and by those of the whole report, in the order of
// how near they stand. "" if nothing tells.
func (e evidence) reason() string {
	code := e.code()
	if e.kind == "x-unix" || e.kind == "unix" { // a program on the server's own disk
		if r := spoken(e.diagnostic); r == "mailboxfull" || r == "systemfull" {
			return r
		}
		return "mailererror"
	}
	if decisive[code] {
		return statusReason[code]
	}
	told := e.diagnostic != ""
	vague := ""
	for _, s := range []string{e.diagnostic, e.near} {
		if m := reply.FindStringSubmatch(spaceRuns.ReplaceAllString(s, " ")); m != nil {
			if r := spoken(m[1]); r != "" && !isVague[r] {
				return e.refine(r, code)
			}
		}
		r := spoken(s)
		if r != "" && !isVague[r] {
			return e.refine(r, code)
		}
		vague = cmp.Or(vague, r)
		if told {
			break
		}
	}
	if r := e.whole.reason; !told && r != "" && !isVague[r] && (e.status == "" || strings.HasSuffix(code, ".0.0")) {
		return e.refine(r, code)
	}
	if r := cmp.Or(vague, statusReason[code]); r != "" {
		return e.refine(r, code)
	}
	if r := cmp.Or(spoken(e.near), e.whole.reason); r != "" {
		return e.refine(r, code)
	}
	if r := statusClass[classOf(code)]; r != "" {
		return r
	}
	if e.command == "ehlo" { // turned away at the door
		return "blocked"
	}
	return ""
}

// decisive statuses say more than the words that servers put beside them.
var decisive = map[string]bool{
	"5.1.6": true, "5.1.8": true, "5.2.2": true, "4.2.2": true, "5.3.4": true,
	"5.7.20": true, "5.7.21": true, "5.7.22": true, "5.7.23": true, "5.7.24": true, "5.7.25": true, "5.7.26": true, "5.7.27": true, "5.7.64": true,
	"5.7.501": true, "5.7.502": true, "5.7.503": true, "5.7.506": true, "5.7.509": true, "5.7.512": true, "5.7.515": true, "5.7.703": true, "5.7.708": true,
}

// isVague has the reasons that tell of any trouble: a better word elsewhere
// counts more.
var isVague = map[string]bool{"systemerror": true, "syntaxerror": true, "contenterror": true, "expired": true}

// refine weighs a reason against the command that was refused and the words
// of the report.
func (e evidence) refine(r, code string) string {
	switch {
	case r == "userunknown" && e.diagnostic == "":
		// People are told more than the server said: the account is locked.
		if s := e.whole.reason; e.alone && (s == "suspend" || s == "mailboxfull" || s == "hasmoved") {
			return s
		}
		// A relay that names neither status nor step may be sorting mails
		// out: the address is not dead for sure.
		if e.command == "" && code == "" && accepted.MatchString(e.near) {
			return "filtered"
		}
		if e.command == "" && code == "" && e.whole.replied && !e.whole.explained {
			return "filtered"
		}
	case r == "mesgtoobig" && strings.HasSuffix(code, ".2.3") && !strings.Contains(strings.ToLower(e.diagnostic), "resolver."):
		return "exceedlimit" // of this mailbox, not of the server; Exchange makes no difference
	case r == "securityerror" && e.command == "mail":
		return "rejected"
	case e.command == "ehlo" && (r == "rejected" || r == "securityerror" || r == "hostunknown" || r == "syntaxerror"):
		return "blocked"
	}
	// So may one that takes the mail first and then knows nobody.
	if r == "userunknown" && e.command == "data" && !strings.HasPrefix(code, "5.1.") && !strings.HasPrefix(code, "5.5.") {
		return "filtered"
	}
	return r
}

// accepted are the words of those that take every mail first and return it
// later, without a server's answer.
var accepted = lazy(`(?i)this user doesn't have an? \S+ account|\[user unknown\]`)

// explained is the verdict of a provider in its customer's own language.
var explained = lazy(`(?:收件人|邮箱|郵箱|地址|用户|帐号|账号|信箱).{0,20}(?:不存在|无效|無效|未找到|找不到|错误)|无法(?:送达|投递)`)

// hard reports whether the address is dead.
func hard(d Delivery) bool {
	if d.Delayed {
		return false
	}
	switch d.Reason {
	case "userunknown", "hostunknown", "hasmoved":
		return true
	case "notaccept":
		return !strings.HasPrefix(d.Status, "4.")
	}
	return false
}

// classOf is the first two figures of a status: "5.7".
func classOf(code string) string {
	if i := strings.LastIndexByte(code, '.'); i > 0 {
		return code[:i]
	}
	return ""
}

// statusReason is what a status of RFC 3463 (and its register) means.
var statusReason = map[string]string{
	"5.1.1": "userunknown", "5.1.2": "hostunknown", "5.1.3": "userunknown", "5.1.4": "userunknown", "5.1.6": "hasmoved",
	"5.1.7": "rejected", "5.1.8": "rejected", "5.1.9": "rejected", "5.1.10": "notaccept",
	"5.2.1": "filtered", "5.2.2": "mailboxfull", "4.2.2": "mailboxfull", "5.2.3": "exceedlimit", "4.2.3": "exceedlimit", "5.2.4": "filtered",
	"5.3.1": "systemfull", "4.3.1": "systemfull", "5.3.2": "notaccept", "4.3.2": "notaccept", "5.3.4": "mesgtoobig", "4.3.4": "mesgtoobig",
	"5.3.0": "systemerror", "4.3.0": "systemerror", "5.3.3": "systemerror", "5.3.5": "systemerror", "4.3.5": "systemerror",
	"4.4.1": "expired", "5.4.1": "expired", "4.4.2": "networkerror", "5.4.2": "networkerror", "4.4.3": "systemerror", "5.4.3": "systemerror",
	"5.4.4": "hostunknown", "4.4.4": "networkerror", "5.4.5": "mailboxfull", "5.4.6": "networkerror", "4.4.6": "networkerror", "4.4.7": "expired", "5.4.7": "expired", "5.4.14": "networkerror",
	"5.5.3": "toomanyconn", "4.5.3": "toomanyconn", "4.4.5": "toomanyconn", "5.5.2": "syntaxerror", "5.5.4": "syntaxerror", "5.6.0": "contenterror", "5.6.1": "contenterror", "5.6.2": "contenterror", "5.6.3": "contenterror", "5.6.6": "contenterror", "5.6.9": "contenterror",
	"5.7.1": "securityerror", "4.7.1": "blocked", "5.7.0": "policyviolation", "5.7.2": "filtered", "5.7.3": "securityerror", "5.7.4": "securityerror", "5.7.5": "securityerror", "5.7.6": "securityerror", "5.7.7": "securityerror", "5.7.8": "securityerror", "5.7.9": "policyviolation",
	"5.7.10": "securityerror", "5.7.13": "suspend", "5.7.14": "policyviolation", "5.7.17": "hasmoved", "5.7.18": "hasmoved",
	"5.7.20": "authfailure", "5.7.21": "authfailure", "5.7.22": "authfailure", "5.7.23": "authfailure", "4.7.23": "authfailure", "5.7.24": "authfailure", "4.7.24": "authfailure", "5.7.25": "requireptr", "4.7.25": "requireptr", "5.7.26": "authfailure", "4.7.26": "authfailure", "5.7.27": "notaccept", "5.7.28": "spamdetected", "4.7.28": "toomanyconn", "5.7.29": "authfailure", "5.7.30": "authfailure", "5.7.509": "authfailure", "5.7.515": "authfailure",
	"5.4.300": "expired", "5.4.310": "hostunknown", "5.4.312": "hostunknown", "5.4.316": "expired", "5.7.64": "norelaying", "5.7.501": "spamdetected", "5.7.502": "spamdetected", "5.7.503": "spamdetected", "5.7.506": "blocked", "5.7.512": "contenterror", "5.7.703": "policyviolation", "5.7.708": "blocked",
	"5.7.124": "rejected", "5.7.129": "rejected", "5.7.133": "rejected", "5.7.606": "blocked", "5.7.511": "blocked",
}

// statusClass is for a status that says no more than its class.
var statusClass = map[string]string{
	"5.1": "rejected", "5.2": "filtered", "4.2": "onhold", "5.3": "systemerror", "4.3": "systemerror", "5.4": "networkerror", "4.4": "expired",
	"5.5": "syntaxerror", "5.6": "contenterror", "5.7": "securityerror", "4.7": "blocked",
}

// maxWords is how much of an answer or a report is searched for a reason.
const maxWords = 4000 // bytes

// spoken finds the reason in a server's words: the first of the list that
// fits, the most telling first.
func spoken(s string) string {
	if s == "" {
		return ""
	}
	s = spaceRuns.ReplaceAllString(strings.ToLower(head(s, maxWords)), " ")
	if strings.Count(s, "_") > strings.Count(s, " ")+2 { // qmail's answers as some logs keep them
		s = strings.ReplaceAll(s, "_", " ")
	}
	for _, w := range wordings() {
		if w.words.MatchString(s) {
			return w.reason
		}
	}
	return ""
}

type wording struct {
	reason string
	words  *regexp.Regexp
}

// wordings are how servers put it, by reason. They are compiled when the first
// bounce comes, so that no start waits for them.
var wordings = sync.OnceValue(func() []wording {
	return []wording{
		// The codes and set phrases that providers publish say exactly what they mean.
		{"rejected", regexp.MustCompile(`resolver\.rst\.notauthorized|resolver\.rst\.restrictedtorecipientspermission|\bbatv\b|aup#cxsndr|administrative prohibition|sender domain is empty|mismatch with login user|(?:ofr|lpn)\w*_40[1-5]\b`)},
		{"securityerror", regexp.MustCompile(`resolver\.rst\.(?:authrequired|sendernotauthenticated)|potential security issue`)},
		{"userunknown", regexp.MustCompile(`resolver\.adr\.\w*recip\w*notfound|(?:ofr|lpn)\w*_41[68]\b|recipient address rejected: access denied`)},
		{"mailboxfull", regexp.MustCompile(`(?:ofr|lpn)\w*_417\b`)},
		{"mesgtoobig", regexp.MustCompile(`resolver\.rst\.recipsizelimit`)},
		{"toomanyconn", regexp.MustCompile(`resolver\.adr\.reciplimit|aup#(?:in|out)?-?(?:13\d0|1450|cxcnct|cxmxrt)|(?:ofr|lpn)\w*_10[259]\b|throttling failure|max emails per hour`)},
		{"onhold", regexp.MustCompile(`gr[ae]y-?list|灰名单`)},
		{"contenterror", regexp.MustCompile(`bare (?:lf|cr|linefeed)|barelinefeeds`)},
		{"networkerror", regexp.MustCompile(`smtpsend\.dns\.mxloopback|best-preference mx|conversation with \S+ timed out|(?:not|n't) able to establish an smtp connection`)},
		{"hostunknown", regexp.MustCompile(`smtpsend\.dns\.nonexistentdomain|infodomainnonexistent`)},
		{"spamdetected", regexp.MustCompile(`(?:ofr|lpn)\w*_50\d\b|\bdt:spm\b`)},
		{"requireptr", regexp.MustCompile(`aup#cxdns|\bdns:(?:nr|b[12])\b|\bib40[12]\b`)},
		{"blocked", regexp.MustCompile(`aup#(?:cxbl|cpbl|cxsnbl|csi)|(?:ofr|lpn)\w*_10[1348]\b|\bib10\d\b|\b(?:con|rly|rtr):b[0-9l]|\b(?:sc|dy|ou)-00[1-9]\b|\((?:s31[45]0|bl)\)|#bl0000\d\d|\bmi:\w+|\btss\d\d\b|user complaints|connection denied`)},
		{"policyviolation", regexp.MustCompile(`\bhvu:b\d|tenant allow/block list`)},
		{"filtered", regexp.MustCompile(`blocked by (?:the )?recipient|bounced address|(?:they|recipients?|members?|users?)\b[^.]{0,40} not accepting (?:e-?mail|mail|messages)|拒收(?:您|你|来自|該|该)|(?:设置|被).{0,6}拒收`)},
		{"expired", regexp.MustCompile(`could not contact dns|did not accept our requests to connect`)},
		{"norelaying", regexp.MustCompile(`relaying denied|relay access denied`)},
		{"systemfull", regexp.MustCompile(`(?:disk|system|file ?system|spool|partition)s? (?:is )?full\b|no space left|insufficient system (?:storage|resources)|磁盘`)},
		{"mailboxfull", regexp.MustCompile(`(?:mailbox|mail box|inbox|quota|storage|account).{0,40}(?:\bfull\b|exceed|over ?quota|over its|over the|too large|out of)|(?:recipient|user|address).{0,40}(?:\bfull\b|over ?quota|over its)|` +
			`(?:exceed\w*|over|above|out of|not enough|insufficient)\b.{0,30}(?:quota|storage|disk space|mailbox|allocation)|quota.{0,20}(?:violat|reached|limit)|mailfolder is full|full mailbox|quotaexceeded|user has exhausted|` +
			`メールボックスが一杯|容量.{0,10}(?:超|オーバー|いっぱい)|邮箱(?:容量|空间)|信箱空間|(?:邮箱|郵箱|信箱|帐号|账号|帐户|账户|空间|空間|容量).{0,10}(?:已满|已滿|满了|滿了|不足|超限|超出|用尽)|存储空间.{0,6}(?:满|不足)|boîte.{0,20}pleine|(?:casella|caixa|buzón).{0,30}(?:pien|chei|llen)[ao]|(?:mailbox|postbus|skrzynka|schránka|brevlåda).{0,30}(?:vol\b|pełna|plná|full)|переполнен|postfach.{0,20}(?:voll|überschritten)`)},
		{"mesgtoobig", regexp.MustCompile(`(?:message|mail|msg|body|header|attachment|size)\b.{0,30}(?:too (?:big|large)|exceeds? .{0,30}(?:size|limit|maximum)|larger than|size limit|maximum size)|(?:size|length) .{0,30}(?:exceeds|limit exceeded|exceeded|too large)|too (?:big|large) (?:message|mail|e-?mail)|exceeds? (?:the )?(?:fixed )?maximum|max(?:imum)? (?:message )?size|mail size limit|邮件(?:太大|过大|大小超)|超过.{0,10}大小|サイズ.{0,12}(?:超|大き)`)},
		{"requireptr", regexp.MustCompile(`(?:reverse|rdns|ptr|ip name|in-addr).{0,40}(?:fail|lookup|not found|missing|required|does not|doesn't|must|record|mismatch)|(?:no|missing|without|invalid|bad|fix|cannot find|could not find|cannot resolve|can't resolve).{0,30}(?:reverse|rdns|ptr)|ip name lookup failed|your hostname.{0,20}(?:not found|cannot)|unresolvable (?:relay )?host|client host rejected: cannot find your|does not resolve`)},
		{"authfailure", regexp.MustCompile(`\bdmarc|\bspf\b.{0,60}(?:fail|not|reject|check|record|validat|block|permit|policy|error)|(?:fail\w*|violat\w*|not pass\w*|reject\w*|pass|aligned).{0,60}\b(?:spf|dkim)\b|\bdkim\b.{0,60}(?:fail|not|reject|invalid|missing|require|neither)|unauthenticated (?:e-?mail|message|sender)|(?:message|email|mail) (?:is )?(?:not|un)[ -]?authenticated|openspf|sender policy framework|domain.{0,40}(?:not authori[sz]ed to send|does not designate)|not an? (?:authori[sz]ed|permitted) sender|5\.7\.(?:2[0-4679]|509|515)\b`)},
		{"norelaying", regexp.MustCompile(`relay(?:ing)? denied`)},
		{"securityerror", regexp.MustCompile(`smtp auth(?:entication|entification)?|authentication (?:is )?(?:required|failed|credentials|turned on|failure)|without authentication|not (?:been )?authenticated|security issue|authenticat(?:e|ion) (?:first|before|yourself)|unauthori[sz]ed|insecure|not permitted to send|executable|(?:attachment|file).{0,40}(?:not allowed|blocked|prohibited|forbidden|denied|dangerous)|security (?:policy|reasons|violation)|certificate|认证失败|需要认证`)},
		{"failedstarttls", regexp.MustCompile(`must issue a? ?starttls|starttls.{0,30}(?:fail|require|not)|tls (?:is )?(?:required|not available|failed)|encryption (?:is )?(?:required|needed)`)},
		{"norelaying", regexp.MustCompile(`relay(?:ing)? (?:access )?(?:is )?(?:denied|not|prohibited|refused|operation|disabled)|\b(?:not|unable|cannot|won't|will not|no|disallow\w*|refus\w*|denied|rejected|unauthori[sz]ed|insecure|without|isn't|doesn't|don't).{0,25}\brelay|(?:rcpthosts|locally hosted|not (?:a )?local domain|not our customer|we don't (?:relay|handle)|does not accept mail for|not a gateway|no relays)|禁止(?:转发|中继)|不允许(?:转发|中继)`)},
		{"virusdetected", regexp.MustCompile(`\bvirus|\bmalware|\binfected|\btrojan|\bworm\b|病毒|ウイルス`)},
		{"toomanyconn", regexp.MustCompile(`too many (?:concurrent |simultaneous |smtp )?(?:connections?|sessions?|smtp|recipients|errors from)|\bip frequency|(?:connection|concurren\w+|session)s? (?:frequency |rate |count )?(?:limit|exceed)|frequency limited|all available ips|connection rate|max(?:imum)? (?:number of )?connections|连接(?:频率|过于|数)|发信频率`)},
		{"speeding", regexp.MustCompile(`rate[ -]?limit|too (?:many|much) (?:messages|mails?|e-?mails|requests)|daily .{0,20}(?:limit|quota)|unusual rate|(?:sending|receiving|delivery|message) (?:too (?:quickly|fast)|rate)|rate (?:that|exceeds)|throttl|exceed\w*.{0,30}(?:hourly|daily|per hour|per minute|sending|message|delivery) (?:limit|quota|rate)|receiving (?:mail|messages) (?:too quickly|at a rate)|slow down|频率(?:过高|超|限)|发送过于频繁`)},
		{"badreputation", regexp.MustCompile(`(?:low|poor|bad) (?:sender |ip |domain )?reputation|reputation.{0,30}(?:low|poor|bad|block)|信誉`)},
		{"blocked", regexp.MustCompile(`(?:black|block|deny|ban)[ -]?list|\b(?:dns|r|s|u|cd)?bl\b|rbl\b|dnsbl|spamhaus|spamcop|sorbs|barracudacentral|senderscore|abuseat|proofpoint dynamic|(?:ip|host|client|server|address|network|domain|relay|connection|mta)\b.{0,50}(?:blocked|(?:is|was|are|been) listed|banned|blacklist|not allowed|refused by|denied by)|(?:blocked|banned|listed|denied|refused|rejected).{0,40}\b(?:ip|ips|host|client|dynamic|network|from your)\b|(?:dynamic|dial-?up|residential|generic).{0,30}(?:ip|address|host|client|pool|hostname)|(?:use|via) (?:the |your )?(?:smtp|mail)?[ -]?(?:server|relay|smarthost) of (?:your|the) (?:isp|provider)|your isp|(?:helo|ehlo)\b.{0,40}(?:reject|invalid|denied|not|bad|fail)|my name was rejected|(?:invalid|bad) (?:helo|ehlo|domain name|hello)|access from ip|connection (?:refused|dropped|rejected) by|not accepting (?:connections|mail) from|client host .{0,60}(?:blocked|rejected)|发件(?:服务器|ip).{0,12}(?:拒绝|黑名单)|黑名单|ip.{0,8}被(?:封|拒|限)`)},
		{"spamdetected", regexp.MustCompile(`\bspam|unsolicited|\bube\b|\buce\b|\bjunk\b|bulk (?:e-?)?mail|message content rejected|content (?:filter|policy|was rejected|denied|rejected)|(?:looks like|appears to be|considered|identified|classified|detected|flagged|scored) .{0,30}(?:unsolicited|advert|phish)|phish|high (?:on )?(?:probability|score)|score (?:of )?\d|mail rejete|垃圾邮件|垃圾郵件|广告邮件|迷惑メール|スパム`)},
		{"networkerror", regexp.MustCompile(`delivery temporarily suspended`)},
		{"suspend", regexp.MustCompile(`(?:account|mailbox|user|recipient|address)s?\b.{0,60}(?:suspend|disabled|deactivat|inactive|discontinued|frozen|dormant|not active|terminated|on hold)|(?:account|mailbox)\b.{0,40}(?:locked|closed|expired|blocked|cancell?ed)|(?:suspend\w*|disabled|deactivated|inactive|locked|frozen|discontinued|dormant|invalid/inactive) (?:account|mailbox|user|recipient|address)|不(?:活跃|活动)|(?:帐号|账号|帐户|账户|邮箱|用户).{0,12}(?:停用|冻结|禁用|暂停|锁定|被封|失效|过期|未激活)|停止(?:中|して)|休止`)},
		{"hasmoved", regexp.MustCompile(`(?:user|recipient|address|mailbox|account).{0,40}(?:has moved|moved to|is now|changed to|has been replaced)|new address is|no longer at this address.{0,20}(?:new|try|use)|has changed (?:his|her|their|the) (?:e-?mail )?address|邮箱地址已变更|邮箱已更换`)},
		{"notaccept", regexp.MustCompile(`null ?mx|no smtp service|reject all mails|not accepting network messages|(?:domain|host|server|system).{0,30}does not (?:accept|receive) (?:e-?mail|mail|messages)|smtp protocol (?:is not|disabled)|no mail (?:accepted|service)|not accepting any? ?mail|name server: \.: host not found|does not accept mail`)},
		{"filtered", regexp.MustCompile(`recipient preferences|rejected by (?:the )?recipient|refused due to (?:recipient|user)|(?:user|recipient) (?:does not accept|refuses|reject|only accepts|has (?:blocked|refused|chosen))|not accepting (?:e-?mail|mail|messages)|because the recipient|due to extended inactivity|(?:personal|user) (?:filter|preferences|blocklist)|extended absence|(?:收件人|对方).{0,12}(?:拒收|拒绝|设置)`)},
		{"policyviolation", regexp.MustCompile(`(?:for|due to) (?:local |domain |site )?policy reasons?|local policy|administrative(?:ly)? prohib`)},
		{"rejected", regexp.MustCompile(`(?:sender|from address|mail from|return[ -]?path|envelope from|originator|domain of sender)\b.{0,60}(?:reject|denied|does not exist|not exist|refused|invalid|unknown|not found|not allowed|not permitted|verif|blocked|doesn't)|(?:invalid|bad|unknown|rejected|denied|refus\w+|unverified|unroutable|fake|unresolvable|blacklisted) (?:sender|from|return|mail from)|sender was rejected|not (?:a |an? )?(?:authori[sz]ed |allowed |permitted )?(?:member|subscriber)|are not (?:a )?member|permission to post|may not post|group.{0,60}may not exist|not (?:allowed|permitted) to (?:post|send)|registered gateway|sender verify failed|only accepts messages from|投稿する権限|发件人.{0,12}(?:拒绝|无效|不存在)`)},
		{"hostunknown", regexp.MustCompile(`(?:host|domain|mx|name service)\b[^:;@]{0,40}(?:not found|may not exist|unknown|does not exist|doesn't exist|no such|couldn't be found|could not be found|not resolve|lookup fail|invalid|no (?:mx|a) record|unrout)|no (?:mx|a)(?: or (?:mx|a|aaaa))? records?|(?:unknown|no such|invalid|nonexistent|non-existent|bad|unroutable|unrouteable|illegal) (?:host|domain|mail domain|destination)|unrouteable (?:mail )?(?:domain|address)|dns (?:error|lookup|failure)|nxdomain|name or service not known|name service error|couldn't find any host|can't find.{0,15}(?:host|domain)|域名.{0,12}(?:不存在|无法|解析|错误)|找不到.{0,6}(?:域名|主机|服务器)`)},
		{"userunknown", regexp.MustCompile(`(?:user|recipient|mailbox|address|account|local[- ]?part|addressee|name|destinat\w+|person|mail ?box|rcpt|receiver|customer)\b.{0,60}(?:unknown|not (?:be )?(?:found|exist|known|listed|recogni[sz]ed|valid|registered|here|available|local|on this|in (?:our|the))|n't (?:exist|have|be found|found|valid)|does not|doesn't|invalid|no longer|unavailable|rejected|undeliver|cannot be found|couldn't be found|isn't|incorrect|unroutable|inexist)|` +
			`(?:unknown|no such|invalid|nonexistent|non-existent|bad|undefined|unrecogni[sz]ed|incorrect|illegal|unrouteable|not a valid|not a known|no|inexistent|there is no) (?:\S+ )?(?:user|recipient|mailbox|address|account|local|rcpt|person|destination|name|receiver|customer)|address(?:e)? rejected|recipient .{0,60}rejected|addressee unknown|delivery error: dd|not our customer|not listed in|no mailbox (?:here|found)|mailbox not found|no one by that name|nobody here|(?:recip|recipient|user|mailbox|address)notfound|nosuch(?:user|mailbox|recipient)|unknown(?:user|recipient)|not listed in .{0,30}(?:directory|address book)|email account that you tried to reach does not|adresse.{0,30}(?:invalide|inconnu|inexist)|utente sconosciuto|usuario (?:desconocido|no existe)|(?:unbekannt|existiert nicht|nicht gefunden)|не (?:существует|найден)|` +
			`(?:收件人|邮箱|邮件地址|地址|用户|帐号|账号|帐户|账户|信箱).{0,20}(?:不存在|无效|未找到|找不到|不正确|错误|已注销|被注销)|(?:不存在|无此|没有此|查无此|無此).{0,10}(?:用户|邮箱|帐号|账号|收件人|地址|信箱)|(?:宛先|メールアドレス|アドレス|ユーザ).{0,20}(?:見つかりません|存在しません|存在しない|不明|ありません)|宛先不明|リストにありません|não (?:existe|encontrad)|desconocid|desconhecid|sconosciut|onbekend|bestaat niet|nie istnieje|neexistuje|finns inte|findes ikke|ei ole olemassa|bulunamadı|inconnu|존재하지 않`)},
		{"policyviolation", regexp.MustCompile(`polic(?:y|ies)|header error|(?:violat|prohibit|complian)\w*|not (?:rfc|compliant)|rfc ?\d{3,4}|messages? without|bad header|duplicate header|administrative(?:ly)? prohib|local policy|违反|策略`)},
		{"securityerror", regexp.MustCompile(`access denied|permission denied|not (?:authori[sz]ed|permitted|allowed)|unauthori[sz]ed|denied by|拒绝访问`)},
		{"expired", regexp.MustCompile(`expired|retry time not reached|failing for a long time|long failure period|failed \d+ attempts|重试|逾期|delivery time|(?:retry|queue|operation|connection|session|smtp) ?(?:timeout|timed? ?out|time ?limit|too long)|timed out|timeout exceeded|too long in (?:the )?queue|in the queue too long|could not be delivered for|cannot send message for|giving up|max(?:imum)? (?:retries|retry|queue|lifetime|time)|undeliverable (?:after|for)|deferred|超时|逾時`)},
		{"networkerror", regexp.MustCompile(`network (?:error|is unreachable|unreachable)|connection (?:refused|reset|lost|closed|failed|broken|dropped|abort)|no route to host|host (?:is )?(?:unreachable|down)|loops? back to|(?:mail|routing|forwarding) loop|too many hops|hop count|unable to (?:connect|establish)|(?:could|can)(?: ?not|n't) (?:connect|establish|open|contact)|lost connection|malformed.{0,20}dns|server (?:unavailable|not responding|busy)|连接.{0,8}(?:失败|断开|拒绝)|网络`)},
		{"mailererror", regexp.MustCompile(`procmail|x-unix|command (?:failed|died|time)|exit(?:ed)? (?:status|code|with)|unknown mailer error|could not exec|(?:pipe|child|program|script|lmtp) .{0,40}(?:fail|error|status|returned \d)|can't (?:create|exec)|couldn't create`)},
		{"systemerror", regexp.MustCompile(`local delivery failed|(?:system|server|internal|local|configuration|config|temporary|unexpected|i/o|processing) (?:error|problem|failure|config)|service (?:is )?(?:currently |temporarily )?(?:unavailable|not available)|misconfigur|resources? temporarily|temporar(?:y|ily) (?:local|unavailable|fail|problem)|try again later|timeout while|系统(?:错误|繁忙)`)},
		{"contenterror", regexp.MustCompile(`(?:mime|header|charset|encoding|content|body|8-?bit|line).{0,30}(?:malformed|not (?:supported|allowed)|invalid|improper|broken|too long|bad|illegal)|improper use of|格式错误`)},
		{"syntaxerror", regexp.MustCompile(`syntax error|unrecogni[sz]ed command|command (?:not|unknown|unrecogni[sz]ed)|bad sequence|need (?:rcpt|mail)`)},
	}
})

// ReplyReason names why a server refused a mail, by its answer to command:
// mail, rcpt or data. In the words of Delivery.Reason; onhold when nothing
// tells.
func ReplyReason(answer, command string) string {
	return cmp.Or(evidence{diagnostic: answer, command: command}.reason(), "onhold")
}

package zongji

// Mail is Extra of KindMail, of mails that came and of ours. The message's Text
// is what is new in it; the whole of it is read from Raw.
type Mail struct {
	Subject   string     `json:"subject"`
	From      MailAddr   `json:"from"`
	To        []MailAddr `json:"to,omitempty"`
	Cc        []MailAddr `json:"cc,omitempty"`
	Bcc       []MailAddr `json:"bcc,omitempty"`         // of ours only
	ReplyTo   []MailAddr `json:"reply_to,omitempty"`    // where an answer goes, when that is not From
	MessageID string     `json:"message_id,omitempty"`  // without <>
	InReplyTo string     `json:"in_reply_to,omitempty"` // without <>

	Raw      *File            `json:"raw,omitempty"`      // the mail as it came; nil when not even that could be had
	More     bool             `json:"more,omitempty"`     // there is quoted text or a signature beyond Text
	HTML     bool             `json:"html,omitempty"`     // there is HTML to be shown
	Inline   map[string]int64 `json:"inline,omitempty"`   // Content-ID → id of the file shown within the HTML
	Images   int              `json:"images,omitempty"`   // remote pictures that are not loaded unless asked for
	Calendar bool             `json:"calendar,omitempty"` // it brings an appointment
	Left     []string         `json:"left,omitempty"`     // names of attachments that are only in Raw: too large, too many, of a type that is not kept
	Hidden   string           `json:"hidden,omitempty"`   // smime | pgp: it is encrypted, only what lay open is shown
	Signed   string           `json:"signed,omitempty"`   // smime | pgp, unchecked

	Class      string `json:"class,omitempty"`      // human, auto_reply, bounce …: the names of package eml
	Match      string `json:"match,omitempty"`      // why it lies in this thread: token | report | in_reply_to | references | subject_token | subject | new | split | joined
	MatchRef   string `json:"match_ref,omitempty"`  // what matched: a Message-ID, a thread
	Topic      bool   `json:"topic,omitempty"`      // the subject is another than the thread's: perhaps a new matter
	Auth       string `json:"auth,omitempty"`       // is the sender proven: pass | fail | none
	Quarantine string `json:"quarantine,omitempty"` // why it could not be read as a mail, in words
	Forwarded  bool   `json:"forwarded,omitempty"`
	Auto       string `json:"auto,omitempty"`      // of ours, written by the product: ack | hours | draft | csat
	Signature  string `json:"signature,omitempty"` // of ours: what stands below Text

	Moved *MailMoved `json:"moved,omitempty"` // it lies elsewhere now
}

// MailMoved says where a mail went that did not belong where it was.
type MailMoved struct {
	Move int64 `json:"move"` // by which it can be undone
	Conv int64 `json:"conv"`
	Msg  int64 `json:"msg"`
}

// MailAddr is one address of a mail.
type MailAddr struct {
	Name string `json:"name,omitempty"`
	Addr string `json:"addr"`
}

// Machine reports whether no person wrote it: nobody, and no machine, is to
// answer.
func (m *Mail) Machine() bool {
	return m.Class != "" && m.Class != "human" && m.Class != "human_no_autoreply"
}

// MaxMailFiles is how many attachments of a mail are kept beside it.
const MaxMailFiles = 100

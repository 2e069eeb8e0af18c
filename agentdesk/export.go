package agentdesk

import (
	"context"
	"encoding/json"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"zongji/internal/blob"
	"zongji/internal/zongji"
)

// transcript is one conversation as it is exported.
type transcript struct {
	Conversation zongji.Conversation `json:"conversation"`
	Contact      zongji.Contact      `json:"contact"`
	Queue        string              `json:"queue,omitempty"`
	Owner        string              `json:"owner,omitempty"`
	Messages     []zongji.Message    `json:"messages"`
	Events       []zongji.Event      `json:"events"`
	By           string              `json:"exported_by"`
	At           zongji.Ms           `json:"exported_at"`
}

const exportMax = 10_000 // messages of one export

// export writes a conversation in scope as a file; it is logged.
func (d *Desk) export(c *gin.Context, me zongji.Actor) error {
	ctx := c.Request.Context()
	conv, err := strconv.ParseInt(c.Param("conv"), 10, 64)
	if err != nil {
		return zongji.Errorf(zongji.Invalid, "invalid", "the conversation must be a number")
	}
	format := c.DefaultQuery("format", "html")
	if format != "html" && format != "txt" && format != "json" {
		return zongji.Errorf(zongji.Invalid, "invalid", "format is %.20q: html, txt and json are allowed", format)
	}
	t, err := d.transcript(ctx, me, conv)
	if err != nil {
		return err
	}
	if err := d.audit(ctx, me, "export", about("conversation", conv), map[string]string{"format": format}); err != nil {
		return err
	}
	var b strings.Builder
	var mediaType string
	switch format {
	case "json":
		mediaType = "application/json"
		enc := json.NewEncoder(&b)
		enc.SetIndent("", " ")
		err = enc.Encode(t)
	case "txt":
		mediaType = "text/plain"
		t.text(&b, d.cfg.Zone)
	default:
		mediaType = "text/html; charset=utf-8"
		err = page1.Execute(&b, htmlTranscript{t, d.cfg.Zone})
	}
	if err != nil {
		return fmt.Errorf("export conversation %d: %w", conv, err)
	}
	blob.Harmless(c.Writer.Header(), fmt.Sprintf("conversation-%d.%s", conv, format), mediaType)
	c.String(http.StatusOK, "%s", b.String())
	return nil
}

func (d *Desk) transcript(ctx context.Context, me zongji.Actor, conv int64) (transcript, error) {
	row, err := d.visible(ctx, me, conv)
	if err != nil {
		return transcript{}, err
	}
	t := transcript{Conversation: row, By: callerOf(ctx).user.Login, At: d.now(), Messages: []zongji.Message{}}
	if t.Contact, err = d.cfg.Store.Contact(ctx, row.Contact); err != nil {
		return t, err
	}
	for after := int64(0); len(t.Messages) < exportMax; {
		msgs, err := d.cfg.Store.Messages(ctx, conv, after, 0, pageMax)
		if err != nil {
			return t, err
		}
		if t.Messages = append(t.Messages, msgs...); len(msgs) < pageMax {
			break
		}
		after = msgs[len(msgs)-1].Seq
	}
	if t.Events, err = d.cfg.Store.Events(ctx, conv, routingKinds, recordsMax); err != nil {
		return t, err
	}
	queues, users, err := d.load(ctx)
	if q, err := find(queues, nil, func(q zongji.Queue) bool { return q.ID == row.Queue }); err == nil {
		t.Queue = q.Name
	}
	t.Owner = nameOf(users, row.Owner)
	return t, err
}

func nameOf(users map[int64]zongji.User, id int64) string {
	u := users[id]
	return u.Name
}

// who names a message's writer.
func who(m zongji.Message, contact string) string {
	names := map[zongji.Party]string{zongji.FromContact: contact, zongji.FromBot: "机器人 Bot", zongji.FromSystem: "系统 System", zongji.FromAgent: "坐席 Agent", zongji.FromNote: "备注 Note"}
	switch {
	case m.From == zongji.FromNote && m.AuthorName != "":
		return "备注 Note · " + m.AuthorName
	case m.AuthorName != "" && m.From == zongji.FromAgent:
		return m.AuthorName
	case names[m.From] == "":
		return string(m.From)
	}
	return names[m.From]
}

// kindNames name the kinds of message that are more than text and files.
var kindNames = map[zongji.MessageKind]string{zongji.KindVoice: "语音 Voice", zongji.KindVideo: "视频 Video", zongji.KindLocation: "位置 Location",
	zongji.KindLink: "链接 Link", zongji.KindMiniPage: "小程序 Mini program", zongji.KindTemplate: "模板消息 Template", zongji.KindEvent: "动作 Event", zongji.KindOther: "其他 Other"}

// said is what stands for a message on paper: its text, and what it is when it
// is more than that.
func said(m zongji.Message) string {
	var x struct {
		Text, Name, Label, Title, URL, Event, Value, Type string
		Fields                                            map[string]string
	}
	parts := []string{m.Text}
	if name := kindNames[m.Kind]; name != "" {
		_ = json.Unmarshal(m.Extra, &x) // what does not fit is left out
		parts = append(parts, "["+name+"]", x.Text, x.Name, x.Label, x.Event, x.Value, x.Type)
		if x.Title != m.Text {
			parts = append(parts, x.Title)
		}
		for _, k := range slices.Sorted(maps.Keys(x.Fields)) {
			parts = append(parts, k+": "+x.Fields[k])
		}
		parts = append(parts, x.URL)
	}
	if m.State == zongji.StateRecalled {
		parts = append(parts, "[已撤回 Recalled]")
	}
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), " ")
}

func clockOf(at zongji.Ms, zone *time.Location) string {
	if at == 0 {
		return ""
	}
	return at.Time().In(zone).Format("2006-01-02 15:04:05")
}

func (t transcript) text(b *strings.Builder, zone *time.Location) {
	fmt.Fprintf(b, "#%d  %s  %s\n%s – %s\n\n", t.Conversation.ID, oneLine(t.Contact.Name), oneLine(t.Queue),
		clockOf(t.Conversation.CreatedAt, zone), clockOf(t.Conversation.ClosedAt, zone))
	for _, m := range t.Messages {
		fmt.Fprintf(b, "[%s] %s\n", clockOf(m.At, zone), oneLine(who(m, t.Contact.Name)))
		for line := range strings.SplitSeq(said(m), "\n") {
			fmt.Fprintf(b, "    %s\n", line) // indented: no text can pass for a heading
		}
		for _, f := range m.Files {
			fmt.Fprintf(b, "    [%s, %d bytes]\n", f.Name, f.Size)
		}
	}
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

type htmlTranscript struct {
	transcript
	zone *time.Location
}

// Clock and Who are called by the page.
func (h htmlTranscript) Clock(at zongji.Ms) string { return clockOf(at, h.zone) }

// Said is what stands for a message.
func (h htmlTranscript) Said(m zongji.Message) string { return said(m) }

// Who names a message's writer.
func (h htmlTranscript) Who(m zongji.Message) string { return who(m, h.Contact.Name) }

// page1 is one page without anything outside it.
var page1 = template.Must(template.New("transcript").Parse(`<!doctype html>
<html lang="zh-CN"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>#{{.Conversation.ID}} {{.Contact.Name}}</title>
<style>body{font:15px/1.6 system-ui,"PingFang SC","Microsoft YaHei",sans-serif;max-width:46em;margin:2em auto;padding:0 1em;color:#1f2329}
h1{font-size:1.3em;margin:0}header p{color:#646a73;margin:.2em 0 1.5em}.m{margin:.6em 0;padding:.6em .9em;border-radius:10px;background:#f2f3f5}
.m.agent,.m.bot{background:#e8f3ff}.m.note{background:#fff7e0;border:1px dashed #e0b040}.m.system{background:none;color:#646a73;padding:.2em .9em}
.m b{font-weight:600}.m time{color:#8f959e;font-size:.85em;margin-left:.6em}.t{white-space:pre-wrap;overflow-wrap:anywhere}</style>
<header><h1>#{{.Conversation.ID}} · {{.Contact.Name}}</h1>
<p>{{.Queue}}{{if .Owner}} · {{.Owner}}{{end}} · {{.Clock .Conversation.CreatedAt}}{{if .Conversation.ClosedAt}} – {{.Clock .Conversation.ClosedAt}}{{end}}{{if .Conversation.Category}} · {{.Conversation.Category}}{{end}}</p>
{{if .Conversation.Summary}}<p class="t">{{.Conversation.Summary}}</p>{{end}}</header>
{{range .Messages}}<div class="m {{.From}}"><b>{{$.Who .}}</b><time>{{$.Clock .At}}</time>{{with $.Said .}}<div class="t">{{.}}</div>{{end}}
{{range .Files}}<div>📎 {{.Name}} ({{.Size}} B)</div>{{end}}</div>
{{end}}<footer><p style="color:#8f959e;font-size:.85em">{{.By}} · {{.Clock .At}}</p></footer></html>
`))

package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"zongji/channels/email/eml"
)

func mailCmd() *cobra.Command {
	cmd := &cobra.Command{Use: "mail", Short: "Look at mails: parse"}
	cmd.AddCommand(mailParseCmd())
	return cmd
}

func mailParseCmd() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "parse FILE|DIR", Short: "What is read of a mail, or of each mail below a folder", Args: cobra.ExactArgs(1),
		Long: "Reads mails as the mail channel does and prints one JSON line for each (--json), or a summary.\nA .txt or .html file is the bare text of a mail, a .tnef file a bare winmail.dat, every other file a mail.",
		RunE: func(cmd *cobra.Command, args []string) error {
			debug.SetGCPercent(parseGC)
			out := bufio.NewWriter(cmd.OutOrStdout())
			defer out.Flush()
			show := printMail
			if asJSON {
				enc := json.NewEncoder(out)
				enc.SetEscapeHTML(false)
				show = func(_ io.Writer, m parsedMail) error { return enc.Encode(m) }
			}
			return filepath.WalkDir(args[0], func(path string, d fs.DirEntry, err error) error {
				if err != nil {
					return err
				}
				if !d.Type().IsRegular() || path != args[0] && strings.HasPrefix(d.Name(), ".") {
					return nil
				}
				if err := cmd.Context().Err(); err != nil {
					return err
				}
				m, err := parseMailFile(path)
				if err != nil {
					return err
				}
				return show(out, m)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON line for each mail")
	return cmd
}

// parseGC lets the collector run early: the verb promises less than 64 MiB for
// an ordinary mail, and half of that is the program itself.
const parseGC = 30

// parsedMail is the line that mail parse prints. Addresses are "Name <address>",
// Message-IDs are without <>, times RFC 3339.
type parsedMail struct {
	File        string           `json:"file"` // as given, or below the folder given
	MessageID   string           `json:"message_id"`
	InReplyTo   string           `json:"in_reply_to"`
	References  []string         `json:"references"`
	From        string           `json:"from"`
	To          []string         `json:"to"`
	Cc          []string         `json:"cc"`
	Subject     string           `json:"subject"`
	Date        string           `json:"date"` // "" if it is absent or impossible
	Text        string           `json:"text"`
	ReplyText   string           `json:"reply_text"`
	HTMLSafe    string           `json:"html_safe"`
	Attachments []attachmentLine `json:"attachments"`
	AutoClass   string           `json:"auto_class"`
	Bounce      *bounceLine      `json:"bounce"` // null if it is none
	Calendar    string           `json:"calendar"`
	Error       string           `json:"error"` // what could not be read and why, "" if nothing
}

type attachmentLine struct {
	Name string `json:"name"`
	Type string `json:"type"`
	Size int    `json:"size"` // bytes
	CID  string `json:"cid"`
}

type bounceLine struct {
	Recipient         string `json:"recipient"`
	Status            string `json:"status"`
	Hard              bool   `json:"hard"`
	Reason            string `json:"reason"`
	OriginalMessageID string `json:"original_message_id"`
}

func parseMailFile(path string) (parsedMail, error) {
	f, err := os.Open(path)
	if err != nil {
		return parsedMail{}, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, eml.MaxBytes+1)) // one more, so that it is noticed
	if err != nil {
		return parsedMail{}, err
	}
	m := eml.ParseFile(path, raw, eml.Options{})
	p := parsedMail{
		File: path, MessageID: m.MessageID, References: orEmpty(m.References), To: writeAddrs(m.To), Cc: writeAddrs(m.Cc),
		Subject: m.Subject, Text: m.Text, ReplyText: m.Reply().Text, HTMLSafe: m.SafeHTML, Calendar: m.Calendar, Attachments: []attachmentLine{},
		AutoClass: string(m.Class(eml.Own{})),
	}
	if len(m.InReplyTo) > 0 {
		p.InReplyTo = m.InReplyTo[0]
	}
	if len(m.From) > 0 {
		p.From = writeAddrs(m.From)[0]
	}
	if !m.Date.IsZero() {
		p.Date = m.Date.Format(time.RFC3339)
	}
	for _, a := range m.Attachments {
		p.Attachments = append(p.Attachments, attachmentLine{a.Name, a.Type, len(a.Data), a.CID})
	}
	if b, ok := m.Bounce(); ok {
		p.Bounce = &bounceLine{b.Recipient, b.Status, b.Hard, b.Reason, b.OriginalMessageID}
	}
	if m.Err != nil {
		p.Error = m.Err.Error()
	}
	return p, nil
}

func orEmpty(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

// writeAddrs writes addresses for people: names stay readable, and are quoted
// only where they would otherwise seem to be more than one.
func writeAddrs(all []eml.Addr) []string {
	out := make([]string, 0, len(all))
	for _, a := range all {
		name := a.Name
		if strings.ContainsAny(name, `,;<>"@`) {
			name = strconv.Quote(name)
		}
		switch {
		case a.Email == "":
			out = append(out, name)
		case name == "":
			out = append(out, a.Email)
		default:
			out = append(out, name+" <"+a.Email+">")
		}
	}
	return out
}

// printMail prints a summary for people.
func printMail(w io.Writer, m parsedMail) error {
	fmt.Fprintf(w, "%s\n", m.File)
	for _, line := range [][2]string{
		{"from", m.From}, {"to", strings.Join(m.To, ", ")}, {"cc", strings.Join(m.Cc, ", ")}, {"date", m.Date},
		{"subject", m.Subject}, {"class", m.AutoClass}, {"error", m.Error},
	} {
		if line[1] != "" {
			fmt.Fprintf(w, "  %-8s %s\n", line[0], line[1])
		}
	}
	if b := m.Bounce; b != nil {
		fmt.Fprintf(w, "  %-8s %s %s %s, hard %t\n", "bounce", b.Recipient, b.Status, b.Reason, b.Hard)
	}
	for _, a := range m.Attachments {
		fmt.Fprintf(w, "  %-8s %s (%s, %d bytes)\n", "file", a.Name, a.Type, a.Size)
	}
	for line := range strings.Lines(strings.TrimSpace(m.ReplyText)) {
		fmt.Fprintf(w, "  | %s\n", strings.TrimRight(line, "\n"))
	}
	_, err := fmt.Fprintln(w)
	return err
}

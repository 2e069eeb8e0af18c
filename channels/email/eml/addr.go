package eml

import (
	"net/mail"
	"strings"
	"time"
)

// maxAddrs is how many addresses of one header are read; a mail to more people
// than that is no letter.
const maxAddrs = 500

// addrs reads the addresses of all fields of that name.
func (h Header) addrs(name string) []Addr {
	var all []Addr
	for _, f := range h {
		if strings.EqualFold(f.Name, name) && len(all) < maxAddrs {
			all = append(all, parseAddrs(decodeRaw(unfold(f.Value)))...)
		}
	}
	return all[:min(len(all), maxAddrs)]
}

// addrReader takes an address list apart, whatever is wrong with it.
type addrReader struct {
	all                    []Addr
	phrase, angle, comment strings.Builder
	hasAngle               bool
}

// parseAddrs reads a list: `Name <a@b>, a@b (Name), Group: a@b, c@d;`. Commas
// within quotes, comments, angles and encoded words do not separate.
func parseAddrs(s string) []Addr {
	var r addrReader
	quoted, angle, depth := false, false, 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		dst := &r.phrase
		switch {
		case angle:
			dst = &r.angle
		case depth > 0:
			dst = &r.comment
		}
		switch {
		case c == '\\' && (quoted || depth > 0) && i+1 < len(s):
			i++
			dst.WriteByte(s[i])
		case c == '"' && depth == 0 && !angle:
			quoted = !quoted
		case c == '=' && strings.HasPrefix(s[i:], "=?"):
			_, n := cutWord(s[i:])
			n = max(n, 1)
			dst.WriteString(s[i : i+n])
			i += n - 1
		case quoted:
			dst.WriteByte(c)
		case c == '(' && !angle:
			if depth++; depth > 1 {
				dst.WriteByte(c)
			}
		case c == ')' && depth > 0:
			if depth--; depth > 0 {
				dst.WriteByte(c)
			}
		case depth > 0:
			dst.WriteByte(c)
		case c == '<':
			angle, r.hasAngle = true, true
			r.angle.Reset()
		case c == '>':
			angle = false
		case c == ',' && !angle, c == ';':
			r.flush()
			angle = false
		case c == ':' && !angle && !strings.Contains(r.phrase.String(), "@"): // a group begins
			r.phrase.Reset()
		default:
			dst.WriteByte(c)
		}
	}
	r.flush()
	return r.all
}

// flush ends one address.
func (r *addrReader) flush() {
	phrase, comment := r.phrase.String(), r.comment.String()
	email := r.angle.String()
	if !r.hasAngle {
		if email = strings.TrimSpace(phrase); strings.Contains(email, "@") {
			phrase = ""
		} else { // no address: "Moderator", "Undisclosed recipients"
			email = ""
		}
		if i := strings.LastIndexAny(email, " \t"); i >= 0 && strings.Contains(email[i:], "@") { // a name without quotes and angles
			phrase, email = email[:i], email[i+1:]
		}
	}
	if strings.TrimSpace(phrase) == "" {
		phrase = comment
	}
	a := Addr{Name: strings.Join(strings.Fields(oneLine(decodeWords(phrase))), " "), Email: cleanEmail(email)}
	if a != (Addr{}) {
		r.all = append(r.all, a)
	}
	r.phrase.Reset()
	r.comment.Reset()
	r.angle.Reset()
	r.hasAngle = false
}

// cleanEmail takes blanks, mailto: and a route (RFC 822 §6.1) off an address.
func cleanEmail(s string) string {
	s = decodeWords(s)
	s = strings.Map(func(r rune) rune {
		if r <= ' ' || r == 0x7F || r == 0xFFFD || r == '<' || r == '>' {
			return -1
		}
		return r
	}, s)
	if strings.HasPrefix(s, "@") {
		if _, after, ok := strings.Cut(s, ":"); ok {
			s = after
		}
	}
	return strings.Trim(strings.TrimPrefix(s, "mailto:"), ",;'")
}

// maxIDs is how many Message-IDs of one header are read: the newest.
const maxIDs = 100

// ids reads the Message-IDs of a field, without <>. What is not in angles
// counts only where there is nothing else and it could be one.
func (h Header) ids(name string) []string {
	var all []string
	for _, v := range h.Values(name) {
		bare := v
		for {
			_, rest, ok := strings.Cut(v, "<")
			if !ok {
				break
			}
			id, after, _ := strings.Cut(rest, ">")
			if id = strings.Join(strings.Fields(id), ""); id != "" {
				all = append(all, id)
			}
			v = after
		}
		if len(all) == 0 {
			for f := range strings.FieldsSeq(bare) {
				if strings.Contains(f, "@") {
					all = append(all, strings.Trim(f, ",;"))
				}
			}
		}
	}
	return all[max(0, len(all)-maxIDs):]
}

// dateForms are dates that net/mail does not read but mailers write.
var dateForms = []string{
	"Mon, 2 Jan 2006 15:04:05 -0700", "2 Jan 2006 15:04:05 -0700", "2 Jan 2006 15:04 -0700", "2 Jan 2006 15:04:05",
	"Mon Jan 2 15:04:05 2006", "Mon Jan 2 15:04:05 MST 2006", "Jan 2, 2006 15:04:05",
	"2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05", "2006-01-02T15:04:05Z07:00", "2006/01/02 15:04:05", "2006/1/2 15:04:05",
}

// parseDate reads a Date field; zero if it says nothing or nothing possible.
func parseDate(s string) time.Time {
	s = strings.Join(strings.Fields(s), " ")
	if s == "" {
		return time.Time{}
	}
	t, err := mail.ParseDate(s)
	if err != nil {
		t = looseDate(s)
	}
	if t.Year() < 1970 || t.Year() > 2200 {
		return time.Time{}
	}
	return t
}

func looseDate(s string) time.Time {
	s, _, _ = strings.Cut(s, " (")
	if day, rest, ok := strings.Cut(s, ","); ok && len(day) <= 12 && !strings.ContainsAny(day, "0123456789") {
		s = strings.TrimSpace(rest)
	}
	for _, zone := range []string{"GMT+", "UTC+", "GMT-", "UTC-"} {
		s = strings.Replace(s, zone, zone[3:], 1)
	}
	for _, form := range dateForms {
		if t, err := time.Parse(form, s); err == nil {
			return t
		}
	}
	return time.Time{}
}

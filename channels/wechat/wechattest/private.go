package wechattest

import "unicode/utf8"

// loudText is how many characters a text must have to be looked for in a log:
// shorter ones stand in other words.
const loudText = 4

// Private returns what nobody who serves these accounts may write to a log:
// secrets, keys and tokens of the accounts, all access tokens that were given
// out, customers' ids and names, and what was written on both sides.
func (s *Server) Private() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []string{"access_token="}
	for _, a := range s.apps {
		out = append(out, a.cfg.Secret, a.cfg.Token, a.cfg.AESKey)
	}
	for _, c := range s.corps {
		out = append(out, c.cfg.Secret, c.cfg.Token, c.cfg.AESKey)
	}
	for token := range s.grants {
		out = append(out, token)
	}
	for _, u := range s.users {
		out = append(out, u.Name, u.UnionID)
		for _, c := range u.chats {
			out = append(out, c.ext)
			for i := range c.lines {
				if c.lines[i].From != "notice" {
					out = append(out, c.lines[i].Text)
				}
			}
		}
	}
	kept := out[:0]
	for _, word := range out {
		if utf8.RuneCountInString(word) >= loudText {
			kept = append(kept, word)
		}
	}
	return kept
}

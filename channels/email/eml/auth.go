package eml

import (
	"strings"

	"github.com/emersion/go-msgauth/authres"
)

// Auth is what the receiving server found out about the sender, each "pass",
// "fail", "none" … of RFC 8601; "" when it says nothing that we may trust.
type Auth struct {
	SPF, DKIM, DMARC string
}

// Verified reports whether the From address is proven. Identities are merged
// and orders told to such senders only.
func (a Auth) Verified() bool { return a.DMARC == "pass" }

// Auth reads the topmost Authentication-Results, and that only when server
// wrote it: anyone may write the ones below, and another server's on top.
func (m *Mail) Auth(server string) Auth {
	all := m.Header.Values("Authentication-Results")
	if len(all) == 0 || server == "" {
		return Auth{}
	}
	id, results, err := authres.Parse(all[0])
	// The identifier may carry a version: "mx.example.com 1".
	id, _, _ = strings.Cut(strings.TrimSpace(id), " ")
	if err != nil || !strings.EqualFold(id, server) {
		return Auth{}
	}
	var a Auth
	for _, r := range results {
		switch r := r.(type) {
		case *authres.SPFResult:
			a.SPF = best(a.SPF, r.Value)
		case *authres.DKIMResult:
			a.DKIM = best(a.DKIM, r.Value)
		case *authres.DMARCResult:
			a.DMARC = best(a.DMARC, r.Value)
		}
	}
	return a
}

// best is what counts of several results of one method: one good signature
// is enough.
func best(have string, v authres.ResultValue) string {
	if have == "" || v == authres.ResultPass {
		return string(v)
	}
	return have
}

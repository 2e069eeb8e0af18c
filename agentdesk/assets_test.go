package agentdesk

import "testing"

func TestTakesGzip(t *testing.T) {
	for _, tt := range []struct {
		name, accept string
		want         bool
	}{
		{"browsers take it", "gzip, deflate, br, zstd", true},
		{"nothing said, nothing packed", "", false},
		{"a weight of zero is a no", "br, gzip;q=0", false},
		{"a small weight is a yes", "gzip; q=0.2", true},
		{"everything includes it", "*", true},
		{"a no beats everything", "*, gzip;q=0", false},
		{"others do not help", "br", false},
	} {
		if got := takesGzip(tt.accept); got != tt.want {
			t.Errorf("%s: takesGzip(%q) = %v", tt.name, tt.accept, got)
		}
	}
}

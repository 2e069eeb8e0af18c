package zongji

import "testing"

func TestNetwork(t *testing.T) {
	for _, tt := range []struct{ name, ip, want string }{
		{"IPv4 is whole", "203.0.113.9", "203.0.113.9"},
		{"IPv4 in IPv6 is IPv4", "::ffff:203.0.113.9", "203.0.113.9"},
		{"IPv6 is its /64", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"},
		{"a zone does not make another", "fe80::1%eth0", "fe80::"},
		{"loopback stays", "::1", "::1"},
		{"what is no address stays", "@", "@"},
	} {
		if got := Network(tt.ip); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

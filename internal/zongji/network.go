package zongji

import "net/netip"

// Network returns what limits per address count: an IPv4 address, or the /64
// of an IPv6 one, of which a single customer has 2^64. Loopback and what is no
// address stay as they are.
func Network(ip string) string {
	a, err := netip.ParseAddr(ip)
	if err != nil {
		return ip
	}
	if a = a.Unmap(); a.Is4() || a.IsLoopback() {
		return a.String()
	}
	p, err := a.WithZone("").Prefix(64)
	if err != nil {
		return ip
	}
	return p.Addr().String()
}

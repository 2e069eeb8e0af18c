package router

import (
	"slices"
	"strconv"

	"zongji/channels"
	"zongji/internal/zongji"
)

// reserveDefault is how many messages of a reply window the bot leaves to
// people where the account says nothing.
const reserveDefault = 2

// reserve is what an account's bot leaves to people.
func reserve(set *zongji.ChannelAccount) int {
	if n, err := strconv.Atoi(set.Settings["reserve"]); err == nil && n >= 0 {
		return n
	}
	return reserveDefault
}

// grants reports whether a kind of channel has reply windows.
func (r *Router) grants(kind string) bool {
	return slices.ContainsFunc(r.cfg.Kinds, func(k channels.Kind) bool { return k.Name == kind && k.Grants })
}

package router

import (
	"context"
	"fmt"

	"zongji/channels"
)

// keep is the durable memory of one account. It lies in SQL, so that it works
// without the bus.
type keep struct {
	r       *Router
	channel int64
}

var _ channels.Keep = keep{}

func (k keep) Get(ctx context.Context, key string) (string, error) {
	return k.r.db.Keep(ctx, k.channel, key)
}

func (k keep) Put(ctx context.Context, key, value string, fence int64) error {
	return k.r.db.PutKeep(ctx, k.channel, key, value, fence)
}

func (k keep) Holding(ctx context.Context, name string, fn func(ctx context.Context, fence int64) error) (bool, error) {
	return k.r.holding(ctx, fmt.Sprintf("keep:%d:%s", k.channel, name), fn)
}

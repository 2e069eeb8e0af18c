package router

import (
	"context"

	"zongji/internal/store"
)

// MergeContacts makes one contact of two on an agent's word, and tells the
// screens of their open conversations.
func (r *Router) MergeContacts(ctx context.Context, one, other, by int64) (store.Merge, error) {
	m, told, err := r.db.MergeContacts(ctx, one, other, by)
	if err == nil {
		r.publish(ctx, nil, told)
	}
	return m, err
}

// UndoMerge parts them again.
func (r *Router) UndoMerge(ctx context.Context, merge, by int64) (store.Merge, error) {
	m, told, err := r.db.UndoMerge(ctx, merge, by)
	if err == nil {
		r.publish(ctx, nil, told)
	}
	return m, err
}

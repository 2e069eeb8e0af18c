package engine

import "zongji/internal/zongji"

type Config struct{ NewID func() int64 }
type EventKind int

const (
	Waiting EventKind = iota
	Left
	Offered
	OfferEnded
	Unanswered
	Fallback
	Load
)

type Event struct {
	Kind               EventKind
	Offer              zongji.Offer
	Conv, Queue, Agent int64
	Reason, How        string
	Candidates         []zongji.CandidateWhy
	Lane               string
	Key                int64
}
type Engine struct{}

func New(Config) *Engine                                          { panic(1) }
func (e *Engine) Apply(nowMs zongji.Ms, c zongji.Command) []Event { panic(1) }
func (e *Engine) Tick(nowMs zongji.Ms) []Event                    { panic(1) }
func (e *Engine) Next() zongji.Ms                                 { panic(1) }
func (e *Engine) Restore(now zongji.Ms, queues []zongji.Queue, agents []zongji.AgentProfile, convs []zongji.Conversation, offers []zongji.Offer) []Event {
	panic(1)
}

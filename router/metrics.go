package router

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

type metrics struct {
	inbound     *prometheus.CounterVec
	bot         *prometheus.CounterVec
	routed      *prometheus.CounterVec
	offers      *prometheus.CounterVec
	assigned    *prometheus.CounterVec
	unroutable  *prometheus.CounterVec
	wait        prometheus.Histogram
	outbox      *prometheus.CounterVec
	fetches     *prometheus.CounterVec
	divergence  prometheus.Counter
	republished prometheus.Counter
	resent      prometheus.Counter
	rebuilds    prometheus.Counter
	dropped     *prometheus.CounterVec
	leader      prometheus.Gauge
	waiting     prometheus.Gauge
}

func newMetrics(reg prometheus.Registerer) *metrics {
	f := promauto.With(reg)
	counter := func(name, help string) prometheus.Counter {
		return f.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	}
	vec := func(name, help, label string) *prometheus.CounterVec {
		return f.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, []string{label})
	}
	gauge := func(name, help string) prometheus.Gauge {
		return f.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
	}
	return &metrics{
		inbound:    vec("zongji_inbound_messages_total", "Messages taken from channels.", "channel"),
		bot:        vec("zongji_bot_turns_total", "What the bot did.", "act"),
		routed:     vec("zongji_routed_total", "Hand-overs to people by reason.", "reason"),
		offers:     vec("zongji_offers_total", "Offers made and how they ended.", "how"),
		assigned:   vec("zongji_assigned_total", "Assignments by how they came about.", "how"),
		unroutable: vec("zongji_unroutable_total", "Conversations that nobody takes and no fallback queue is there for, by reason. Alert on any.", "reason"),
		wait: f.NewHistogram(prometheus.HistogramOpts{Name: "zongji_wait_seconds", Help: "From the hand-over to the assignment.",
			Buckets: []float64{.1, .5, 1, 5, 15, 30, 60, 120, 300, 600, 1800}}),
		outbox:      vec("zongji_outbox_total", "Results of sending to channels.", "outcome"),
		fetches:     vec("zongji_fetches_total", "Media of customers' messages fetched from channels.", "outcome"),
		divergence:  counter("zongji_route_divergence_total", "Conversations on which engine and SQL disagreed, repaired."),
		republished: counter("zongji_events_republished_total", "Events that reconcile published."),
		resent:      counter("zongji_commands_resent_total", "Routing commands that reconcile sent again."),
		rebuilds:    counter("zongji_engine_rebuilds_total", "Times the engine was built from SQL."),
		dropped:     vec("zongji_dropped_total", "Things dropped because a queue was full, made good by reconcile.", "what"),
		leader:      gauge("zongji_leader", "1 while this node leads the pool."),
		waiting:     gauge("zongji_waiting_conversations", "Conversations that wait for a person."),
	}
}

package bus

import (
	"cmp"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"zongji/internal/zongji"
)

const (
	dialTimeout = time.Second
	readTimeout = 3 * time.Second
	// block is how long one blocking read lasts at most: Redis cannot be told
	// that ctx ended, so this is how late a stop may be noticed.
	block = 250 * time.Millisecond
	// resetChunk is how many places one script call of a Reset writes, so that
	// Redis answers others in between.
	resetChunk = 5000
	conns      = 64
	// An entry of a stream holds 1 to 8 data, and trimming counts entries.
	eventEntries   = 50_000 // of the event stream, each up to 8 events: other nodes' screens resume from it
	commandEntries = keepCommands / 8
)

//go:embed lua/*.lua
var lua embed.FS

func script(name string) *redis.Script {
	text, err := lua.ReadFile("lua/" + name + ".lua")
	if err != nil {
		panic(err) // embedded: cannot be missing
	}
	return redis.NewScript(string(text))
}

var (
	acquireLua       = script("acquire")
	compareDeleteLua = script("compare_delete")
	appendLua        = script("append")
	readLua          = script("read")
	commitLua        = script("commit")
	placeLua         = script("place")
	depthsLua        = script("depths")
	takeLua          = script("take")
	beatLua          = script("beat")
	aliveLua         = script("alive")
	bucketLua        = script("bucket")
)

// live is the live side in Redis 6.2 or later.
type live struct{ c *redis.Client }

// quiet drops go-redis's own lines: it writes one to stderr for each dial that
// fails while Redis is away, beside the error that every caller gets anyway.
type quiet struct{}

// Printf is what go-redis calls.
func (quiet) Printf(context.Context, string, ...any) {}

var silence = sync.OnceFunc(func() { redis.SetLogger(quiet{}) })

// OpenRedis connects to a Redis: redis://[user:password@]host:port/db,
// rediss://… or unix:///path. It fails when the server does not answer or is
// older than 6.2.
func OpenRedis(ctx context.Context, url string) (*Bus, error) {
	silence()
	opt, err := redis.ParseURL(url)
	if err != nil {
		return nil, fmt.Errorf("bus: address of Redis: %w", err)
	}
	// A repeated command may have been done already: callers decide.
	opt.MaxRetries, opt.DialTimeout, opt.ReadTimeout, opt.WriteTimeout = -1, dialTimeout, readTimeout, readTimeout
	opt.PoolSize, opt.DisableIdentity, opt.DialerRetries = conns, true, 1
	r := live{redis.NewClient(opt)}
	if err := r.check(ctx); err != nil {
		_ = r.c.Close() // the first error tells more
		return nil, err
	}
	return &Bus{
		Kind: "redis", Detail: opt.Addr,
		Lease: redisLease{r}, Pool: redisPool{r}, Offers: redisOffers{r}, Stream: redisStream{r}, Presence: redisPresence{r},
		Bucket: redisBucket{r}, Typing: redisTyping{r},
		Ping:  func(ctx context.Context) error { return down(r.c.Ping(ctx).Err()) },
		Flush: func(ctx context.Context) error { return down(r.c.FlushDB(ctx).Err()) },
		Close: r.c.Close,
	}, nil
}

// check asks whether it serves, and for the version.
func (r live) check(ctx context.Context) error {
	if err := r.c.Ping(ctx).Err(); err != nil { // also while it reads its data
		return down(err)
	}
	info, err := r.c.Info(ctx, "server").Result()
	if err != nil {
		return down(err)
	}
	_, v, _ := strings.Cut(info, "redis_version:")
	v, _, _ = strings.Cut(v, "\r\n")
	var major, minor int
	if _, err := fmt.Sscanf(v, "%d.%d", &major, &minor); err == nil && (major < 6 || major == 6 && minor < 2) {
		return fmt.Errorf("bus: Redis %s is too old, 6.2 or later is needed", v)
	}
	return nil
}

// down says ErrDown for whatever keeps Redis from doing its work; other
// errors of Redis are our mistakes and pass.
func down(err error) error {
	var reply redis.Error
	switch {
	case err == nil, errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.As(err, &reply):
		for _, p := range []string{"LOADING", "READONLY", "CLUSTERDOWN", "MASTERDOWN", "TRYAGAIN", "OOM", "MISCONF"} {
			if strings.HasPrefix(reply.Error(), p) {
				return fmt.Errorf("%w: %w", ErrDown, err)
			}
		}
		return fmt.Errorf("bus: %w", err)
	}
	return fmt.Errorf("%w: %w", ErrDown, err)
}

type redisLease struct{ live }

func (r redisLease) Acquire(ctx context.Context, pool, value string, ttl time.Duration) (bool, error) {
	ok, err := acquireLua.Run(ctx, r.c, []string{leaseKey(pool)}, value, ttl.Milliseconds()).Bool()
	return ok, down(err)
}

func (r redisLease) Release(ctx context.Context, pool, value string) error {
	return down(compareDeleteLua.Run(ctx, r.c, []string{leaseKey(pool)}, value).Err())
}

func (r redisLease) Holder(ctx context.Context, pool string) (string, error) {
	v, err := r.c.Get(ctx, leaseKey(pool)).Result()
	if errors.Is(err, redis.Nil) {
		return "", nil
	}
	return v, down(err)
}

// A position in a stream of Redis is "<generation>.<id>:<n>": n of the data
// of the entry with that id have been read.

func position(gen, id string, n int) string { return gen + "." + id + ":" + strconv.Itoa(n) }

// cutPosition returns the parts of a position; ErrGone when it is none.
func cutPosition(pos string) (gen, id string, n int, err error) {
	gen, rest, _ := strings.Cut(pos, ".")
	id, count, _ := strings.Cut(rest, ":")
	if n, err = strconv.Atoi(count); err != nil || gen == "" || id == "" || n < 1 {
		return "", "", 0, ErrGone
	}
	return gen, id, n, nil
}

// append adds data to a stream and returns the position of the last.
func (r live) append(ctx context.Context, key, gen string, keep int, data ...any) (string, error) {
	got, err := appendLua.Run(ctx, r.c, []string{key, gen}, append([]any{newGeneration(), keep}, even(data)...)...).Slice()
	if err != nil {
		return "", down(err)
	}
	return position(got[0].(string), got[1].(string), int(got[2].(int64))), nil
}

// even fills up data for the pairs of an entry.
func even(data []any) []any {
	if len(data)%2 == 1 {
		return append(data, "")
	}
	return data
}

// record is one datum of a stream with its position.
type record struct{ pos, data string }

// read returns at most limit data after pos ("" = all that stand), waiting up
// to wait for the first. next is where to go on.
func (r live) read(ctx context.Context, key, genKey, pos string, limit int, wait time.Duration) (found []record, next string, err error) {
	until := time.Now().Add(wait)
	for {
		var gen, id string
		var n int
		if pos != "" {
			if gen, id, n, err = cutPosition(pos); err != nil {
				return nil, "", err
			}
		}
		reply, err := readLua.Run(ctx, r.c, []string{key, genKey}, gen, id, n, limit).Result()
		if err != nil {
			return nil, "", down(err)
		}
		list, ok := reply.([]any)
		if !ok {
			return nil, "", ErrGone
		}
		gen = list[0].(string)
		for _, e := range list[1:] {
			entry := e.([]any)
			id = entry[0].(string)
			data := entry[1].([]any)
			if n > len(data) {
				return nil, "", ErrGone
			}
			for i := n; i < len(data) && len(found) < limit && data[i] != ""; i++ {
				pos = position(gen, id, i+1)
				if data[0] != "g" { // a stream begins with its generation
					found = append(found, record{pos, data[i].(string)})
				}
			}
			n = 0
		}
		left := time.Until(until)
		if len(found) > 0 || left < time.Millisecond {
			return found, pos, nil
		}
		err = r.c.XRead(ctx, &redis.XReadArgs{Streams: []string{key, cmp.Or(id, "0")}, Count: 1, Block: min(left, block)}).Err()
		if err != nil && !errors.Is(err, redis.Nil) {
			return nil, "", down(err)
		}
		if ctx.Err() != nil {
			return nil, "", ctx.Err()
		}
	}
}

type redisPool struct{ live }

func (r redisPool) Send(ctx context.Context, pool string, cmds ...zongji.Command) error {
	if len(cmds) == 0 {
		return nil
	}
	data, err := encode(cmds)
	if err != nil {
		return err
	}
	_, err = r.append(ctx, commandsKey(pool), commandsGen(pool), commandEntries, data...)
	return err
}

func (r redisPool) Commands(ctx context.Context, pool, after string, limit int, wait time.Duration) ([]Entry, error) {
	found, _, err := r.read(ctx, commandsKey(pool), commandsGen(pool), after, limit, wait)
	if err != nil {
		return nil, err
	}
	out := make([]Entry, len(found))
	for i, f := range found {
		out[i].Pos = f.pos
		if err := json.Unmarshal([]byte(f.data), &out[i].Cmd); err != nil {
			return nil, fmt.Errorf("bus: command %s: %w", f.pos, err)
		}
	}
	return out, nil
}

func (r redisPool) Commit(ctx context.Context, pool string, c Commit) error {
	return r.commit(ctx, pool, c, false)
}

func (r redisPool) Reset(ctx context.Context, pool string, c Commit) error {
	for first := true; ; first = false {
		part := c
		if len(c.Put) > resetChunk { // everything but places goes with the last part
			part = Commit{Lease: c.Lease, Put: c.Put[:resetChunk]}
		}
		c.Put = c.Put[len(part.Put):]
		if err := r.commit(ctx, pool, part, first); err != nil || len(c.Put) == 0 && (part.Cursor == c.Cursor && len(part.Events) == len(c.Events) && len(part.Offers) == len(c.Offers)) {
			return err
		}
	}
}

func (r redisPool) commit(ctx context.Context, pool string, c Commit, reset bool) error {
	events := c.Events
	if pool != zongji.MainPool { // on a cluster the event stream is elsewhere
		c.Events = nil
	}
	args := make([]any, 0, 16+5*len(c.Put)+len(c.Gone)+2*len(c.Offers)+len(c.Ended)+len(c.Events))
	args = append(args, c.Lease, c.Cursor, setPrefix(pool), reset, newGeneration(), eventEntries)
	args = append(args, 5*len(c.Put))
	for _, w := range c.Put {
		args = append(args, member(w.Conv), w.Queue, w.Key, w.rank(), w.Lane)
	}
	args = append(args, len(c.Gone))
	for _, id := range c.Gone {
		args = append(args, member(id))
	}
	offers, err := encode(c.Offers)
	if err != nil {
		return err
	}
	args = append(args, 2*len(c.Offers))
	for i, o := range c.Offers {
		args = append(args, o.ID, offers[i])
	}
	args = append(args, len(c.Ended))
	for _, id := range c.Ended {
		args = append(args, id)
	}
	live, err := encode(c.Events)
	if err != nil {
		return err
	}
	live = even(live)
	args = append(append(args, len(live)), live...)
	keys := []string{leaseKey(pool), cursorKey(pool), commandsKey(pool), placesKey(pool), offersKey(pool), setsKey(pool), eventsKey, eventsGen}
	ok, err := commitLua.Run(ctx, r.c, keys, args...).Bool()
	switch {
	case err != nil:
		return down(err)
	case !ok:
		return ErrFenced
	case pool != zongji.MainPool:
		return redisStream(r).Publish(ctx, events...)
	}
	return nil
}

// member is a conversation's name in the mirror: of one length, so that equal
// scores stand in the order of ids.
func member(conv int64) string {
	id := strconv.FormatInt(conv, 10)
	return "0000000000000000"[min(len(id), 16):] + id
}

// encode returns each value as JSON.
func encode[T any](values []T) ([]any, error) {
	out := make([]any, len(values))
	for i := range values {
		b, err := json.Marshal(&values[i])
		if err != nil {
			return nil, fmt.Errorf("bus: %w", err)
		}
		out[i] = b
	}
	return out, nil
}

func (r redisPool) State(ctx context.Context, pool string) (State, error) {
	var cursor *redis.StringCmd
	var places, offers *redis.MapStringStringCmd
	_, err := r.c.TxPipelined(ctx, func(p redis.Pipeliner) error {
		cursor, places, offers = p.Get(ctx, cursorKey(pool)), p.HGetAll(ctx, placesKey(pool)), p.HGetAll(ctx, offersKey(pool))
		return nil
	})
	if err != nil && !errors.Is(err, redis.Nil) {
		return State{}, down(err)
	}
	s := State{Cursor: cursor.Val()}
	for conv, text := range places.Val() {
		w := Waiting{}
		queue, rest, _ := strings.Cut(text, "|")
		key, lane, _ := strings.Cut(rest, "|")
		w.Lane = lane
		if err := errors.Join(number(conv, &w.Conv), number(queue, &w.Queue), number(key, &w.Key)); err != nil {
			return State{}, fmt.Errorf("bus: place of %s: %w", conv, err)
		}
		s.Waiting = append(s.Waiting, w)
	}
	for id, text := range offers.Val() {
		var o zongji.Offer
		if err := json.Unmarshal([]byte(text), &o); err != nil {
			return State{}, fmt.Errorf("bus: offer %s: %w", id, err)
		}
		s.Offers = append(s.Offers, o)
	}
	return s.sorted(), nil
}

func number(text string, into *int64) (err error) {
	*into, err = strconv.ParseInt(text, 10, 64)
	return err
}

func (r redisPool) Place(ctx context.Context, pool string, conv int64) (place, waiting int, err error) {
	got, err := placeLua.Run(ctx, r.c, []string{placesKey(pool)}, member(conv), setPrefix(pool)).Int64Slice()
	if err != nil {
		return 0, 0, down(err)
	}
	return int(got[0]), int(got[1]), nil
}

func (r redisPool) Depths(ctx context.Context, pool string) (map[int64]int, error) {
	reply, err := depthsLua.Run(ctx, r.c, []string{setsKey(pool)}, setPrefix(pool)+"queue:").Slice()
	if err != nil {
		return nil, down(err)
	}
	out := map[int64]int{}
	for i := 0; i+1 < len(reply); i += 2 {
		var queue int64
		if err := number(reply[i].(string), &queue); err != nil {
			return nil, fmt.Errorf("bus: depth: %w", err)
		}
		out[queue] = int(reply[i+1].(int64))
	}
	return out, nil
}

type redisOffers struct{ live }

func (r redisOffers) Take(ctx context.Context, pool string, offer int64) (zongji.Offer, bool, error) {
	var o zongji.Offer
	data, err := takeLua.Run(ctx, r.c, []string{offersKey(pool)}, offer).Text()
	if errors.Is(err, redis.Nil) {
		return o, false, nil
	}
	if err != nil {
		return o, false, down(err)
	}
	if err := json.Unmarshal([]byte(data), &o); err != nil {
		return o, false, fmt.Errorf("bus: offer %d: %w", offer, err)
	}
	return o, true, nil
}

type redisStream struct{ live }

func (r redisStream) Publish(ctx context.Context, evs ...zongji.Live) error {
	if len(evs) == 0 {
		return nil
	}
	data, err := encode(evs)
	if err != nil {
		return err
	}
	_, err = r.append(ctx, eventsKey, eventsGen, eventEntries, data...)
	return err
}

func (r redisStream) Tail(ctx context.Context, pos string, limit int, wait time.Duration) ([]zongji.Live, string, error) {
	if pos == "" {
		head, err := r.Head(ctx)
		return nil, head, err
	}
	found, next, err := r.read(ctx, eventsKey, eventsGen, pos, limit, wait)
	if err != nil {
		return nil, "", err
	}
	evs := make([]zongji.Live, len(found))
	for i, f := range found {
		if err := json.Unmarshal([]byte(f.data), &evs[i]); err != nil {
			return nil, "", fmt.Errorf("bus: event %s: %w", f.pos, err)
		}
		evs[i].Pos = f.pos
	}
	return evs, next, nil
}

func (r redisStream) Head(ctx context.Context) (string, error) {
	return r.append(ctx, eventsKey, eventsGen, eventEntries)
}

type redisPresence struct{ live }

func socketName(agent int64, node string) string { return strconv.FormatInt(agent, 10) + ":" + node }

func (r redisPresence) Beat(ctx context.Context, agent int64, node string, ttl time.Duration) error {
	return down(beatLua.Run(ctx, r.c, []string{presenceKey}, socketName(agent, node), ttl.Milliseconds()).Err())
}

func (r redisPresence) Leave(ctx context.Context, agent int64, node string) error {
	return down(r.c.ZRem(ctx, presenceKey, socketName(agent, node)).Err())
}

func (r redisPresence) Alive(ctx context.Context) (map[int64]bool, error) {
	names, err := aliveLua.Run(ctx, r.c, []string{presenceKey}).StringSlice()
	if err != nil {
		return nil, down(err)
	}
	out := map[int64]bool{}
	for _, name := range names {
		id, _, _ := strings.Cut(name, ":")
		var agent int64
		if err := number(id, &agent); err != nil {
			return nil, fmt.Errorf("bus: presence: %w", err)
		}
		out[agent] = true
	}
	return out, nil
}

type redisBucket struct{ live }

func (r redisBucket) Take(ctx context.Context, key string, n, burst int, rate float64) (bool, time.Duration, error) {
	wait, err := bucketLua.Run(ctx, r.c, []string{bucketKey(key)}, n, burst, rate).Int64()
	if err != nil {
		return false, 0, down(err)
	}
	return wait < 0, time.Duration(max(0, wait)) * time.Millisecond, nil
}

type redisTyping struct{ live }

func (r redisTyping) Say(ctx context.Context, n TypingNote) error {
	data, err := json.Marshal(n)
	if err != nil {
		return fmt.Errorf("bus: %w", err)
	}
	return down(r.c.Publish(ctx, typingChannel, data).Err())
}

func (r redisTyping) Hear(ctx context.Context, fn func(TypingNote)) error {
	sub := r.c.Subscribe(ctx, typingChannel)
	defer sub.Close()
	notes := sub.Channel() // subscribes again by itself after Redis was away
	for {
		select {
		case <-ctx.Done():
			return nil
		case m, ok := <-notes:
			if !ok {
				return ErrDown // the connection was closed for good
			}
			var n TypingNote
			if json.Unmarshal([]byte(m.Payload), &n) == nil {
				fn(n)
			}
		}
	}
}

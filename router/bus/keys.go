package bus

import "zongji/internal/zongji"

// All keys of the bus. Those of one pool share its hash tag, and so does the
// event stream with the main pool, so that one script may touch them on a
// Redis Cluster. Keys without an end of life: the streams (bounded by length
// and by the cursor), their generations and the cursor (one value each), and
// the mirror, which each new leader writes anew and which is as long as what
// waits.

func poolKey(pool, part string) string { return "zj:{" + pool + "}:" + part }

func leaseKey(pool string) string    { return poolKey(pool, "lease") }
func cursorKey(pool string) string   { return poolKey(pool, "cursor") }
func commandsKey(pool string) string { return poolKey(pool, "cmd") }
func commandsGen(pool string) string { return poolKey(pool, "cmd:gen") }
func placesKey(pool string) string   { return poolKey(pool, "places") }
func offersKey(pool string) string   { return poolKey(pool, "offers") }
func setsKey(pool string) string     { return poolKey(pool, "sets") }
func setPrefix(pool string) string   { return poolKey(pool, "") } // then "queue:<id>" or "lane:<name>"
func bucketKey(key string) string    { return "zj:bucket:" + key }

var (
	eventsKey = poolKey(zongji.MainPool, "live")
	eventsGen = poolKey(zongji.MainPool, "live:gen")
)

const (
	presenceKey   = "zj:presence"
	typingChannel = "zj:typing"
)

-- name: FetchInsert
INSERT INTO media (msg, channel, conv, what, tries, retry_at, created_at) VALUES ($1, $2, $3, $4, 0, 0, $5)

-- name: FetchNext
SELECT msg, conv, what, tries, created_at FROM media WHERE channel = $1 AND retry_at <= $2 ORDER BY retry_at, msg LIMIT $3

-- name: FetchBack
UPDATE media SET tries = tries + 1, retry_at = $2 WHERE msg = $1

-- name: FetchEnd
DELETE FROM media WHERE msg = $1

-- name: MsgFetched
UPDATE message SET state = CASE WHEN state = 'fetching' THEN $2 ELSE state END, files = $3, reason = $4 WHERE id = $1

-- name: KeepGet
SELECT value FROM channel_keep WHERE channel = $1 AND key = $2

-- name: KeepPut
-- Fence 0 does not compare, and leaves the fence as it is.
INSERT INTO channel_keep (channel, key, value, fence, at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (channel, key) DO UPDATE SET value = excluded.value, at = excluded.at,
 fence = CASE WHEN excluded.fence > channel_keep.fence THEN excluded.fence ELSE channel_keep.fence END
WHERE excluded.fence = 0 OR excluded.fence >= channel_keep.fence

-- name: LogInsert
INSERT INTO channel_log (id, channel, at, code, text) VALUES ($1, $2, $3, $4, $5)

-- name: LogTrim
DELETE FROM channel_log WHERE channel = $1 AND id < (SELECT MIN(l.id) FROM (SELECT id FROM channel_log WHERE channel = $1 ORDER BY id DESC LIMIT $2) l)

-- name: LogLast
SELECT at, code, text FROM channel_log WHERE channel = $1 ORDER BY id DESC LIMIT $2

-- name: HealthPut
-- since moves with the state alone.
INSERT INTO channel_health (channel, state, code, text, until, since, callback_at, callbacks) VALUES ($1, $2, $3, $4, $5, $6, 0, 0)
ON CONFLICT (channel) DO UPDATE SET code = excluded.code, text = excluded.text, until = excluded.until,
 since = CASE WHEN channel_health.state = excluded.state THEN channel_health.since ELSE excluded.since END, state = excluded.state

-- name: HealthAll
SELECT channel, state, code, text, until, since, callback_at, callbacks FROM channel_health

-- name: CallbackCount
INSERT INTO channel_health (channel, state, code, text, until, since, callback_at, callbacks) VALUES ($1, '', '', '', 0, $2, $2, $3)
ON CONFLICT (channel) DO UPDATE SET callbacks = channel_health.callbacks + excluded.callbacks,
 callback_at = CASE WHEN excluded.callback_at > channel_health.callback_at THEN excluded.callback_at ELSE channel_health.callback_at END

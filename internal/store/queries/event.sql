-- part: ev
e.id, e.conv, e.rev, e.at, e.kind, e.by_kind, e.actor, e.view, e.data, e.msg, e.cfg

-- name: EventInsert
INSERT INTO conv_event (id, conv, rev, at, kind, by_kind, actor, channel, queue, team, view, data, n, msg, cfg, key, published)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)

-- name: EventKey
SELECT COUNT(*) FROM conv_event WHERE key = $1

-- name: EventsOf
SELECT {ev} FROM conv_event e WHERE e.conv = $1 AND (CAST($2 AS TEXT) = '' OR CAST($2 AS TEXT) LIKE '%,' || e.kind || ',%')
ORDER BY e.rev DESC LIMIT $3

-- name: EventsUnpublished
SELECT {ev} FROM conv_event e WHERE e.published = 0 AND e.at <= $1 ORDER BY e.at, e.id LIMIT $2

-- name: EventsAfter
SELECT {ev} FROM conv_event e WHERE (e.at, e.id) > ($1, $2) ORDER BY e.at, e.id LIMIT $3

-- name: EventsBetween
SELECT {ev} FROM conv_event e WHERE e.conv = $1 AND e.rev > $2 AND e.rev < $3 AND e.at >= $4 ORDER BY e.rev

-- name: EventsPublished sqlite
UPDATE conv_event SET published = 1 WHERE id IN (SELECT value FROM json_each($1))

-- name: EventsPublished postgres
UPDATE conv_event SET published = 1 WHERE id IN (SELECT CAST(value AS BIGINT) FROM json_array_elements_text(CAST($1 AS JSON)))

-- name: CmdInsert
INSERT INTO route_cmd (id, at, conv, body) VALUES ($1, $2, $3, $4)

-- name: CmdsUnapplied
SELECT id, body FROM route_cmd WHERE at <= $1 ORDER BY at, id LIMIT $2

-- name: CmdsApplied sqlite
DELETE FROM route_cmd WHERE id IN (SELECT value FROM json_each($1))

-- name: CmdsApplied postgres
DELETE FROM route_cmd WHERE id IN (SELECT CAST(value AS BIGINT) FROM json_array_elements_text(CAST($1 AS JSON)))

-- name: OutboxInsert
INSERT INTO outbox (id, channel, conv, msg, seq, state, tries, fence, retry_at, code, reason, created_at, not_before, cost, turn, pass, head)
VALUES ($1, $2, $3, $4, $5, 'pending', 0, 0, 0, '', '', $6, $7, $8, $9, $10, $11)

-- name: OutboxNext
-- Only the lowest unfinished row of a conversation may be sent, and what it
-- is the head of goes with it.
SELECT o.id, o.conv, o.msg, o.state, o.tries, o.pass FROM outbox o
WHERE o.channel = $1 AND o.state IN ('pending', 'sending') AND o.retry_at <= $2 AND o.fence <= $3 AND o.not_before <= $2 AND o.head = 0
 AND NOT EXISTS (SELECT 1 FROM outbox b WHERE b.conv = o.conv AND b.seq < o.seq AND b.state IN ('pending', 'sending'))
ORDER BY o.retry_at, o.seq, o.id LIMIT $4

-- name: OutboxTry
UPDATE outbox SET state = 'sending', tries = $3, fence = $2 WHERE id = $1 AND state IN ('pending', 'sending') AND fence <= $2

-- name: OutboxByID
SELECT conv, msg, cost, turn, pass FROM outbox WHERE id = $1

-- name: OutboxHead sqlite
-- What an agent wrote last and what still waits for more of his.
SELECT o.id, o.cost FROM outbox o JOIN message m ON m.id = o.msg
WHERE o.conv = $1 AND o.state = 'pending' AND o.head = 0 AND o.not_before > $2 AND m.author = $3 AND m.kind = 'text' ORDER BY o.seq DESC LIMIT 1

-- name: OutboxHead postgres
SELECT o.id, o.cost FROM outbox o JOIN message m ON m.id = o.msg
WHERE o.conv = $1 AND o.state = 'pending' AND o.head = 0 AND o.not_before > $2 AND m.author = $3 AND m.kind = 'text' ORDER BY o.seq DESC LIMIT 1
FOR UPDATE OF o

-- name: OutboxBubble
-- The messages that are sent together as one, in order.
SELECT m.id, m.text FROM outbox o JOIN message m ON m.id = o.msg WHERE o.id = $1 OR o.head = $1 AND o.head > 0 ORDER BY o.seq

-- name: OutboxBack
-- As if it had not been tried.
UPDATE outbox SET state = 'pending', tries = tries - 1, code = $2, reason = $3, retry_at = $4 WHERE id = $1 AND state = 'sending' AND tries > 0 AND fence = $5

-- name: OutboxEnd
-- That it was sent is true whoever says it; all else only the last sender does.
UPDATE outbox SET state = $2, code = $3, reason = $4, retry_at = $5
WHERE id = $1 AND state IN ('pending', 'sending') AND (CAST($6 AS BIGINT) = 0 OR fence = $6 OR CAST($2 AS TEXT) = 'sent')

-- name: OutboxEndRest
UPDATE outbox SET state = $2, code = $3, reason = $4 WHERE head = $1 AND head > 0 AND state = 'pending'

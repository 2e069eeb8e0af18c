-- name: WallQueues
SELECT queue, COUNT(*), MIN(queued_at) FROM conversation WHERE status = 'queued' GROUP BY queue

-- name: WallServing
SELECT queue, COUNT(*) FROM conversation WHERE owner <> 0 AND status IN ('assigned', 'wrapup') GROUP BY queue

-- name: WallToday
-- By quarter of an hour since $1.
SELECT (e.at - $1) / 900000, CASE WHEN e.rev = 1 THEN 'arrived' ELSE e.kind END, e.queue, COUNT(*), SUM(e.n)
FROM conv_event e WHERE e.at >= $1 AND e.at < $2 AND (e.rev = 1 OR e.kind IN ('bot', 'routed', 'rated'))
GROUP BY 1, 2, 3

-- name: WallOnce
-- Conversations by what first happened to them in a quarter of an hour.
SELECT (f.at - $1) / 900000, f.kind, COUNT(*) FROM (
  SELECT e.conv, e.kind, MIN(e.at) AS at FROM conv_event e WHERE e.at >= $1 AND e.at < $2 AND e.kind IN ('routed', 'assigned', 'closed') GROUP BY e.conv, e.kind) f
GROUP BY 1, 2

-- name: WallWaits
SELECT (e.at - $1) / 900000, e.actor, e.queue, e.n FROM conv_event e WHERE e.at >= $1 AND e.at < $2 AND e.kind = 'assigned'

-- name: CheckCounts
SELECT (SELECT COUNT(*) FROM conversation), (SELECT COUNT(*) FROM message), (SELECT COUNT(*) FROM conv_event)

-- name: CheckOrphans
SELECT m.id, m.conv, 0 FROM message m LEFT JOIN conversation c ON c.id = m.conv WHERE c.id IS NULL

-- name: CheckSeqs
SELECT c.id, c.last_seq, COUNT(m.id) FROM conversation c LEFT JOIN message m ON m.conv = c.id
GROUP BY c.id, c.last_seq
HAVING COUNT(m.id) <> c.last_seq OR COALESCE(MIN(m.seq), 1) <> 1 OR COALESCE(MAX(m.seq), 0) <> c.last_seq

-- name: CheckRevs
SELECT c.id, c.rev, COUNT(e.id) FROM conversation c LEFT JOIN conv_event e ON e.conv = c.id
GROUP BY c.id, c.rev
HAVING COUNT(e.id) <> c.rev OR COALESCE(MIN(e.rev), 1) <> 1 OR COALESCE(MAX(e.rev), 0) <> c.rev

-- name: CheckDoubled
SELECT MIN(id), channel, COUNT(*) FROM message WHERE ext_id IS NOT NULL GROUP BY channel, ext_id HAVING COUNT(*) > 1

-- name: CheckCIDs
SELECT cid, COUNT(*) FROM message WHERE cid <> '' GROUP BY cid

-- name: CheckStates
SELECT id, owner, epoch FROM conversation
WHERE status NOT IN ('bot', 'queued', 'assigned', 'wrapup', 'parked', 'closed')
 OR (status IN ('assigned', 'wrapup') AND owner = 0) OR (status IN ('bot', 'queued') AND owner <> 0)
 OR (status = 'queued' AND (queued_at = 0 OR queue = 0)) OR (status = 'closed') <> (closed_at <> 0)

-- name: CheckOutbox
SELECT o.id, o.conv, o.msg FROM outbox o LEFT JOIN message m ON m.id = o.msg
WHERE m.id IS NULL OR m.conv <> o.conv OR m.seq <> o.seq
 OR (o.state IN ('sent', 'failed', 'unknown') AND m.state IN ('pending', 'sending'))

-- name: DemoConversations
SELECT id FROM conversation WHERE demo = 1 ORDER BY id LIMIT $1

-- name: DemoContacts
SELECT id FROM contact WHERE demo = 1 AND NOT EXISTS (SELECT 1 FROM conversation c WHERE c.contact = contact.id) ORDER BY id LIMIT $1

-- name: DemoUnindex sqlite
DELETE FROM message_search WHERE rowid IN (SELECT id FROM message WHERE conv = $1)

-- name: DemoUnindex postgres
DELETE FROM message_search WHERE id IN (SELECT id FROM message WHERE conv = $1)

-- name: DemoMessages
DELETE FROM message WHERE conv = $1

-- name: DemoEvents
DELETE FROM conv_event WHERE conv = $1

-- name: DemoConversation
DELETE FROM conversation WHERE id = $1

-- name: DemoIdentity
DELETE FROM contact_identity WHERE contact = $1

-- name: DemoContact
DELETE FROM contact WHERE id = $1

-- $1 the first time or id that stays, $2 how many rows go at most.

-- name: SeenPrune
DELETE FROM inbound_seen WHERE (channel, ext_id) IN (SELECT s.channel, s.ext_id FROM inbound_seen s WHERE s.at < $1 ORDER BY s.at LIMIT $2)

-- name: OutboxPrune
DELETE FROM outbox WHERE id IN (SELECT o.id FROM outbox o WHERE o.id < $1 AND o.state NOT IN ('pending', 'sending') ORDER BY o.id LIMIT $2)

-- name: AgentEventPrune
DELETE FROM agent_event WHERE id IN (SELECT e.id FROM agent_event e WHERE e.id < $1 ORDER BY e.id LIMIT $2)

-- name: AuditPrune
DELETE FROM audit WHERE id IN (SELECT a.id FROM audit a WHERE a.id < $1 ORDER BY a.id LIMIT $2)

-- name: FetchOld
-- Of any channel, also of one that is disabled or gone.
SELECT msg, conv, what, tries, created_at FROM media WHERE created_at < $1 ORDER BY msg LIMIT $2

-- name: KeepDrop
DELETE FROM channel_keep WHERE channel = $1

-- name: LogDrop
DELETE FROM channel_log WHERE channel = $1

-- name: HealthDrop
DELETE FROM channel_health WHERE channel = $1

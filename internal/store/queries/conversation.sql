-- part: conv
c.id, c.channel, c.kind, c.contact, c.thread, c.status, c.epoch, c.rev, c.owner, c.queue, c.team, c.previous,
c.last_seq, c.handled_seq, c.agent_seen, c.contact_got, c.contact_saw, c.unread, c.demand, c.units, c.tags,
c.category, c.summary, c.lang, c.stars, c.last_user, c.preview, c.prev_from, c.created_at, c.last_at,
c.waiting_from, c.queued_at, c.assigned_at, c.first_at, c.closed_at, c.due_at, c.bot, c.changed_at, c.due_ms, c.unhandled_from,
c.scene, c.reply_window, c.pass, p.name, p.level

-- name: ConvByID
SELECT {conv} FROM conversation c JOIN contact p ON p.id = c.contact WHERE c.id = $1

-- name: ConvToChange sqlite
SELECT {conv} FROM conversation c JOIN contact p ON p.id = c.contact WHERE c.id = $1

-- name: ConvToChange postgres
SELECT {conv} FROM conversation c JOIN contact p ON p.id = c.contact WHERE c.id = $1 FOR UPDATE OF c

-- name: ConvOpen
-- The open conversation of a thread, and whether the inbound is known.
SELECT {conv}, (SELECT m.id FROM message m WHERE m.channel = $1 AND m.ext_id = $3)
FROM conversation c JOIN contact p ON p.id = c.contact
WHERE c.channel = $1 AND c.thread = $2 AND c.status <> 'closed'

-- name: ConvNewest
SELECT {conv} FROM conversation c JOIN contact p ON p.id = c.contact
WHERE c.channel = $1 AND c.thread = $2 ORDER BY c.created_at DESC, c.id DESC LIMIT 1

-- name: ConvInsert
INSERT INTO conversation (id, channel, kind, contact, thread, status, epoch, rev, owner, queue, team, previous,
 last_seq, handled_seq, agent_seen, contact_got, contact_saw, unread, demand, units, tags,
 category, summary, lang, stars, last_user, preview, prev_from, created_at, last_at,
 waiting_from, queued_at, assigned_at, first_at, closed_at, due_at, bot, changed_at, due_ms, unhandled_from, demo, scene, reply_window, pass, press_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27,
 $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39, $40, $41, $42, $43, $44, $45)

-- name: ConvUpdate
UPDATE conversation SET status = $3, epoch = $4, rev = $5, owner = $6, queue = $7, team = $8,
 last_seq = $9, handled_seq = $10, agent_seen = $11, contact_got = $12, contact_saw = $13, unread = $14, demand = $15, units = $16,
 tags = $17, category = $18, summary = $19, lang = $20, stars = $21, last_user = $22, preview = $23, prev_from = $24,
 last_at = $25, waiting_from = $26, queued_at = $27, assigned_at = $28, first_at = $29, closed_at = $30, due_at = $31,
 bot = $32, changed_at = $33, due_ms = $34, unhandled_from = $35, scene = $36, reply_window = $37, pass = $38, press_at = $39
WHERE id = $1 AND rev = $2

-- name: ConvInbound
-- One more customer's message, $16 = 1, or deed, 0; the numbers come back as
-- they are now. $22 is the rev that a window was computed from, else 0.
UPDATE conversation SET last_seq = last_seq + 1, rev = rev + $3, unread = unread + $16, preview = $4, prev_from = $17, last_at = $5,
 changed_at = $5, waiting_from = CASE WHEN waiting_from = 0 AND CAST($16 AS BIGINT) = 1 THEN $5 ELSE waiting_from END, due_ms = $6, unhandled_from = $7,
 status = $8, epoch = $9, owner = $10, due_at = $11, closed_at = $12, queued_at = $13, assigned_at = $14,
 handled_seq = CASE WHEN CAST($15 AS BIGINT) > handled_seq THEN $15 ELSE handled_seq END,
 scene = $18, reply_window = $19, pass = $20, press_at = $21
WHERE id = $1 AND epoch = $2 AND (CAST($22 AS BIGINT) = 0 OR rev = $22)
RETURNING last_seq, rev, unread, waiting_from

-- name: ConvDue
SELECT id, due_ms FROM conversation WHERE due_ms > 0 AND due_ms <= $1 ORDER BY due_ms LIMIT $2

-- name: ConvClaim
UPDATE conversation SET due_ms = $3 WHERE id = $1 AND due_ms > 0 AND due_ms <= $2

-- name: ConvLive
SELECT {conv} FROM conversation c JOIN contact p ON p.id = c.contact
WHERE c.status <> 'closed' AND c.status IN ('queued', 'assigned', 'wrapup') ORDER BY c.id

-- name: ConvOverdue
SELECT {conv} FROM conversation c JOIN contact p ON p.id = c.contact
WHERE c.due_at > 0 AND c.status <> 'closed' AND c.due_at <= $1 ORDER BY c.due_at LIMIT $2

-- name: ConvPressing
SELECT id FROM conversation WHERE press_at > 0 AND press_at > $1 AND press_at <= $2 AND status = 'queued' ORDER BY press_at LIMIT $3

-- name: ConvLoad
SELECT COALESCE(SUM(units), 0), COUNT(*) FROM conversation WHERE owner = $1 AND status IN ('assigned', 'wrapup')

-- name: ConvUnread
SELECT COUNT(*) FROM message WHERE conv = $1 AND seq > $2 AND party = 'contact'

-- name: AgentLock sqlite
SELECT id FROM users WHERE id = $1

-- name: AgentLock postgres
SELECT id FROM users WHERE id = $1 FOR UPDATE

-- part: scope
(CAST($1 AS BIGINT) = 1 OR (c.owner <> 0 AND c.owner = $2)
 OR (c.team <> 0 AND CAST($3 AS TEXT) LIKE '%,' || c.team || ',%')
 OR (c.status = 'queued' AND CAST($4 AS TEXT) LIKE '%,' || c.queue || ',%'))

-- part: page
AND (CAST($5 AS BIGINT) = 0 OR c.queue = $5) AND (CAST($6 AS BIGINT) = 0 OR c.owner = $6)
ORDER BY c.changed_at DESC, c.id DESC LIMIT $4

-- name: ListOpenOwner
SELECT {conv} FROM conversation c JOIN contact p ON p.id = c.contact
WHERE c.owner = $1 AND c.status <> 'closed' AND (c.changed_at, c.id) < ($2, $3) {page}

-- name: ListOpenTeam
SELECT {conv} FROM conversation c JOIN contact p ON p.id = c.contact
WHERE c.team = $1 AND c.status <> 'closed' AND (c.changed_at, c.id) < ($2, $3) {page}

-- name: ListOpen
SELECT {conv} FROM conversation c JOIN contact p ON p.id = c.contact
WHERE CAST($1 AS BIGINT) = 0 AND c.status <> 'closed' AND (c.changed_at, c.id) < ($2, $3) {page}

-- name: ListClosedOwner
SELECT {conv} FROM conversation c JOIN contact p ON p.id = c.contact
WHERE c.owner = $1 AND c.status = 'closed' AND (c.changed_at, c.id) < ($2, $3) {page}

-- name: ListClosedTeam
SELECT {conv} FROM conversation c JOIN contact p ON p.id = c.contact
WHERE c.team = $1 AND c.status = 'closed' AND (c.changed_at, c.id) < ($2, $3) {page}

-- name: ListClosed
SELECT {conv} FROM conversation c JOIN contact p ON p.id = c.contact
WHERE CAST($1 AS BIGINT) = 0 AND c.status = 'closed' AND (c.changed_at, c.id) < ($2, $3) {page}

-- name: ListQueued
SELECT {conv} FROM conversation c JOIN contact p ON p.id = c.contact
WHERE c.queue = $1 AND c.status = 'queued' AND (c.changed_at, c.id) < ($2, $3) {page}

-- part: line
AND (CAST($5 AS BIGINT) = 0 OR c.queue = $5) AND (CAST($6 AS BIGINT) = 0 OR c.owner = $6)
ORDER BY c.queued_at, c.id LIMIT $4

-- name: ListWaitQueue
SELECT {conv} FROM conversation c JOIN contact p ON p.id = c.contact
WHERE c.queue = $1 AND c.status = 'queued' AND (c.queued_at, c.id) > ($2, $3) {line}

-- name: ListWaitTeam
SELECT {conv} FROM conversation c JOIN contact p ON p.id = c.contact
WHERE c.team = $1 AND c.status = 'queued' AND (c.queued_at, c.id) > ($2, $3) {line}

-- name: ListWait
SELECT {conv} FROM conversation c JOIN contact p ON p.id = c.contact
WHERE CAST($1 AS BIGINT) = 0 AND c.status = 'queued' AND (c.queued_at, c.id) > ($2, $3) {line}

-- name: CountMine
SELECT COUNT(*), COALESCE(SUM(CASE WHEN unread > 0 THEN 1 ELSE 0 END), 0) FROM conversation WHERE owner = $1 AND status <> 'closed'

-- name: CountWaiting
SELECT COUNT(*) FROM conversation WHERE status = 'queued'

-- name: CountWaitTeam
SELECT COUNT(*) FROM conversation WHERE team = $1 AND status = 'queued'

-- name: CountWaitQueue
-- Those that the counts of the teams $2 have not counted.
SELECT COUNT(*) FROM conversation WHERE queue = $1 AND status = 'queued' AND NOT (team <> 0 AND CAST($2 AS TEXT) LIKE '%,' || team || ',%')

-- name: CountTeam
SELECT COUNT(*) FROM conversation WHERE team = $1 AND status <> 'closed'

-- name: CountOpen
SELECT COUNT(*) FROM conversation WHERE status <> 'closed'

-- name: ListContact
SELECT {conv} FROM conversation c JOIN contact p ON p.id = c.contact
WHERE c.contact = $5 AND {scope} ORDER BY c.created_at DESC, c.id DESC LIMIT $6

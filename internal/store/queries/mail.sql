-- name: RefInsert
-- The first meaning of a Message-ID stays.
INSERT INTO thread_ref (channel, ref, thread, msg, ours, at) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (channel, ref) DO NOTHING

-- name: RefKnown sqlite
SELECT ref, thread, CASE WHEN ours = 1 THEN msg ELSE 0 END FROM thread_ref WHERE channel = $1 AND ref IN (SELECT value FROM json_each($2))

-- name: RefKnown postgres
SELECT ref, thread, CASE WHEN ours = 1 THEN msg ELSE 0 END FROM thread_ref WHERE channel = $1 AND ref IN (SELECT value FROM json_array_elements_text(CAST($2 AS JSON)))

-- name: RefsFirst
SELECT ref FROM thread_ref WHERE channel = $1 AND thread = $2 ORDER BY at, msg, ref LIMIT 1

-- name: RefsLast
SELECT ref FROM thread_ref WHERE channel = $1 AND thread = $2 ORDER BY at DESC, msg DESC, ref DESC LIMIT $3

-- name: TopicPut
INSERT INTO thread_topic (channel, topic_ix, thread, at) VALUES ($1, $2, $3, $4)
ON CONFLICT (channel, topic_ix, thread) DO UPDATE SET at = CASE WHEN excluded.at > thread_topic.at THEN excluded.at ELSE thread_topic.at END

-- name: TopicRecent
SELECT t.thread FROM thread_topic t
WHERE t.channel = $1 AND t.topic_ix = $2 AND t.at >= $3
 AND EXISTS (SELECT 1 FROM conversation c WHERE c.channel = t.channel AND c.thread = t.thread AND c.status <> 'closed')
ORDER BY t.at DESC LIMIT 1

-- name: ThreadFirst
SELECT m.extra FROM conversation c JOIN message m ON m.conv = c.id
WHERE c.channel = $1 AND c.thread = $2 AND m.kind = 'mail' ORDER BY c.created_at, c.id, m.seq LIMIT 1

-- name: ThreadMails
SELECT m.party, m.extra FROM conversation c JOIN message m ON m.conv = c.id
WHERE c.channel = $1 AND c.thread = $2 AND m.kind = 'mail' ORDER BY c.created_at DESC, c.id DESC, m.seq DESC LIMIT $3

-- name: MailSeen
SELECT COUNT(*) FROM message WHERE channel = $1 AND ext_id = $2

-- name: MailLast
-- What customers wrote last in a thread.
SELECT {msg} FROM conversation c JOIN message m ON m.conv = c.id
WHERE c.channel = $1 AND c.thread = $2 AND m.kind = 'mail' AND m.party = 'contact' ORDER BY c.created_at DESC, c.id DESC, m.seq DESC LIMIT $3

-- name: RefsMove
UPDATE thread_ref SET thread = $2, msg = $3 WHERE msg = $1

-- name: MsgExtra
UPDATE message SET extra = $2 WHERE id = $1

-- name: OutboxWithdraw
-- Only what was never tried, and stands for itself alone.
UPDATE outbox SET state = 'withdrawn' WHERE msg = $1 AND state = 'pending' AND tries = 0 AND cost = 0 AND head = 0 AND pass = ''

-- name: DraftPut
INSERT INTO draft (conv, user_id, body, at) VALUES ($1, $2, $3, $4) ON CONFLICT (conv, user_id) DO UPDATE SET body = excluded.body, at = excluded.at

-- name: DraftGet
-- His own before the bot's.
SELECT user_id, body, at FROM draft WHERE conv = $1 AND user_id IN ($2, 0) ORDER BY user_id DESC LIMIT 1

-- name: DraftDrop
DELETE FROM draft WHERE conv = $1 AND user_id IN ($2, 0)

-- name: MoveInsert
INSERT INTO mail_move (id, at, by_user, why, msg, copy, from_conv, from_thread, to_conv, to_thread, undone_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0)

-- name: MoveByID
SELECT id, at, by_user, why, msg, copy, from_conv, from_thread, to_conv, to_thread, undone_at FROM mail_move WHERE id = $1

-- name: MoveUndone
UPDATE mail_move SET undone_at = $2 WHERE id = $1 AND undone_at = 0

-- name: SettingsLike
SELECT key, body FROM setting WHERE key = $1 OR key LIKE $1 || ':%'

-- name: MailCounts
-- Of the product's own mails: in the thread $1 $2, to the customer $3 since $4;
-- and what he wrote since $5.
SELECT
 (SELECT COUNT(*) FROM conversation c JOIN message m ON m.conv = c.id WHERE c.channel = $1 AND c.thread = $2 AND m.kind = 'mail' AND m.party = 'system'),
 (SELECT COUNT(*) FROM conversation c JOIN message m ON m.conv = c.id WHERE c.contact = $3 AND c.last_at >= $4 AND m.kind = 'mail' AND m.party = 'system' AND m.at >= $4),
 (SELECT COUNT(*) FROM conversation c JOIN message m ON m.conv = c.id WHERE c.contact = $3 AND c.last_at >= $5 AND m.kind = 'mail' AND m.party = 'contact' AND m.at >= $5)

-- part: msg
m.id, m.conv, m.seq, m.party, m.author, m.author_name, m.kind, m.text, m.files, m.extra, m.at, m.cid, m.state, m.reason

-- name: MsgInsert
INSERT INTO message (id, conv, seq, party, author, author_name, kind, text, files, extra, at, cid, state, reason, channel, ext_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
ON CONFLICT (conv, party, author, cid) WHERE cid <> '' AND party <> 'contact' DO NOTHING

-- name: MsgByID
SELECT {msg} FROM message m WHERE m.id = $1

-- name: MsgByExt
SELECT {msg} FROM message m WHERE m.channel = $1 AND m.ext_id = $2

-- name: MsgByCID
SELECT {msg} FROM message m WHERE m.conv = $1 AND m.party = $2 AND m.author = $3 AND m.cid = $4 AND m.cid <> '' ORDER BY m.seq LIMIT 1

-- name: MsgAfter
SELECT {msg} FROM message m WHERE m.conv = $1 AND m.seq > $2 ORDER BY m.seq LIMIT $3

-- name: MsgBefore
SELECT {msg} FROM message m WHERE m.conv = $1 AND m.seq > $2 AND m.seq < $3 ORDER BY m.seq DESC LIMIT $4

-- name: MsgThread
-- What the customer could see before one place of a thread, the newest first.
SELECT {msg} FROM conversation c JOIN message m ON m.conv = c.id
WHERE c.channel = $1 AND c.thread = $2 AND (c.created_at, c.id) <= ($3, $4)
 AND (c.id <> $4 OR m.seq < $5) AND m.party <> 'note'
ORDER BY c.created_at DESC, c.id DESC, m.seq DESC LIMIT $6

-- name: MsgState
UPDATE message SET state = $2, reason = $3 WHERE id = $1

-- name: MsgExt
UPDATE message SET ext_id = $2 WHERE id = $1

-- name: MsgIndex sqlite
INSERT INTO message_search (rowid, words) VALUES ($1, $2)

-- name: MsgIndex postgres
INSERT INTO message_search (id, words) VALUES ($1, array_to_tsvector(string_to_array($2, ' ')))

-- name: MsgSearch sqlite
SELECT {msg}, {conv} FROM message_search s JOIN message m ON m.id = s.rowid JOIN conversation c ON c.id = m.conv JOIN contact p ON p.id = c.contact
WHERE message_search MATCH $5 AND s.rowid < $6 AND m.party <> 'system' AND {scope} ORDER BY s.rowid DESC LIMIT $7

-- name: MsgSearch postgres
SELECT {msg}, {conv} FROM message_search s JOIN message m ON m.id = s.id JOIN conversation c ON c.id = m.conv JOIN contact p ON p.id = c.contact
WHERE s.words @@ CAST($5 AS tsquery) AND s.id < $6 AND m.party <> 'system' AND {scope} ORDER BY s.id DESC LIMIT $7

-- name: SeenInsert
INSERT INTO inbound_seen (channel, ext_id, at) VALUES ($1, $2, $3) ON CONFLICT (channel, ext_id) DO NOTHING

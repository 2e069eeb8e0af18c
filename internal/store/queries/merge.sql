-- name: IdentitiesOf
SELECT channel, ext_ix FROM contact_identity WHERE contact = $1 ORDER BY channel, ext_ix

-- name: IdentitiesMove
UPDATE contact_identity SET contact = $2 WHERE contact = $1

-- name: IdentityMove
UPDATE contact_identity SET contact = $4 WHERE channel = $1 AND ext_ix = $2 AND contact = $3

-- name: ConvsOf
SELECT id FROM conversation WHERE contact = $1 ORDER BY created_at, id

-- name: ConvsSince
SELECT id, channel, thread FROM conversation WHERE contact = $1 AND created_at >= $2 ORDER BY created_at, id

-- name: ConvsMove
UPDATE conversation SET contact = $2 WHERE contact = $1

-- name: ConvMove
UPDATE conversation SET contact = $3 WHERE id = $1 AND contact = $2

-- name: ContactMerged
UPDATE contact SET merged = $2 WHERE id = $1

-- name: MergeApart
-- Whether two contacts must stay two: people parted them, or those that they are
-- made of, or the company knows both as its own.
WITH RECURSIVE x(id) AS (SELECT CAST($1 AS BIGINT) UNION SELECT m.loser FROM contact_merge m JOIN x ON m.winner = x.id WHERE m.undone_at = 0),
 y(id) AS (SELECT CAST($2 AS BIGINT) UNION SELECT m.loser FROM contact_merge m JOIN y ON m.winner = y.id WHERE m.undone_at = 0)
SELECT (SELECT COUNT(*) FROM contact_merge WHERE undone_at > 0 AND (winner IN (SELECT id FROM x) AND loser IN (SELECT id FROM y) OR winner IN (SELECT id FROM y) AND loser IN (SELECT id FROM x)))
 + (SELECT CASE WHEN COUNT(DISTINCT contact) > 1 THEN 1 ELSE 0 END FROM contact_identity WHERE channel = 0 AND contact IN ($1, $2))

-- name: MergeInsert
INSERT INTO contact_merge (id, at, winner, loser, by_user, why, data, undone_at) VALUES ($1, $2, $3, $4, $5, $6, $7, 0)

-- part: merge
m.id, m.at, m.winner, m.loser, m.by_user, m.why, m.data, m.undone_at, p.name

-- name: MergeByID
SELECT {merge} FROM contact_merge m JOIN contact p ON p.id = m.loser WHERE m.id = $1

-- name: MergesInto
SELECT {merge} FROM contact_merge m JOIN contact p ON p.id = m.loser WHERE m.winner = $1 AND m.undone_at = 0 ORDER BY m.id DESC LIMIT 50

-- name: MergeUndone
UPDATE contact_merge SET undone_at = $2 WHERE id = $1 AND undone_at = 0

-- name: ContactInsert
INSERT INTO contact (id, name, level, phone, phone_ix, email, email_ix, lang, attrs, note, blocked, verified, created_at, last_at, demo)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)

-- name: ContactUpdate
UPDATE contact SET name = $2, level = $3, phone = $4, phone_ix = $5, email = $6, email_ix = $7, lang = $8, attrs = $9, note = $10,
 blocked = $11, verified = $12, last_at = $13 WHERE id = $1

-- name: ContactByID
SELECT id, name, level, phone, email, lang, attrs, note, blocked, verified, created_at, last_at, merged FROM contact WHERE id = $1

-- part: known
SELECT p.id, p.name, p.level, p.phone, p.email, p.lang, p.attrs, p.note, p.blocked, p.verified, p.created_at, p.last_at, p.merged
FROM contact_identity i JOIN contact p ON p.id = i.contact WHERE i.channel = $1 AND i.ext_ix = $2

-- name: ContactByIdentity sqlite
{known}

-- name: ContactByIdentity postgres
-- A merge waits until whoever found the contact so has committed.
{known} FOR SHARE OF i

-- name: IdentityInsert
INSERT INTO contact_identity (channel, ext_ix, ext, contact) VALUES ($1, $2, $3, $4)

-- name: IdentityOf
SELECT ext FROM contact_identity WHERE contact = $1 AND channel = $2 ORDER BY CASE WHEN ext_ix = $3 THEN 0 ELSE 1 END LIMIT 1

-- name: ContactsByPhone
SELECT p.id FROM contact p WHERE p.phone_ix = $5 AND p.phone_ix <> '' AND EXISTS (SELECT 1 FROM conversation c WHERE c.contact = p.id AND {scope}) LIMIT 50

-- name: ContactsByEmail
SELECT p.id FROM contact p WHERE p.email_ix = $5 AND p.email_ix <> '' AND EXISTS (SELECT 1 FROM conversation c WHERE c.contact = p.id AND {scope}) LIMIT 50

-- name: ContactUnindex sqlite
DELETE FROM contact_search WHERE rowid = $1

-- name: ContactUnindex postgres
DELETE FROM contact_search WHERE id = $1

-- name: ContactIndex sqlite
INSERT INTO contact_search (rowid, words) VALUES ($1, $2)

-- name: ContactIndex postgres
INSERT INTO contact_search (id, words) VALUES ($1, array_to_tsvector(string_to_array($2, ' ')))

-- name: ContactSearch sqlite
SELECT s.rowid FROM contact_search s WHERE contact_search MATCH $5 AND s.rowid < $6
 AND EXISTS (SELECT 1 FROM conversation c WHERE c.contact = s.rowid AND {scope}) ORDER BY s.rowid DESC LIMIT $7

-- name: ContactSearch postgres
SELECT s.id FROM contact_search s WHERE s.words @@ CAST($5 AS tsquery) AND s.id < $6
 AND EXISTS (SELECT 1 FROM conversation c WHERE c.contact = s.id AND {scope}) ORDER BY s.id DESC LIMIT $7

-- name: AgentStateAll
SELECT agent, state, reason, since FROM agent_state

-- name: AgentStatePut
-- since only grows, whatever the clocks of two nodes say: of two states the later began later.
INSERT INTO agent_state (agent, state, reason, since) VALUES ($1, $2, $3, $4)
ON CONFLICT (agent) DO UPDATE SET state = excluded.state, reason = excluded.reason,
  since = CASE WHEN excluded.since > agent_state.since THEN excluded.since ELSE agent_state.since + 1 END
RETURNING since

-- name: AgentEventInsert
INSERT INTO agent_event (id, agent, at, kind, state, reason, by_kind) VALUES ($1, $2, $3, $4, $5, $6, $7)

-- name: AgentLoads
SELECT owner, SUM(units), COUNT(*) FROM conversation WHERE owner <> 0 AND status IN ('assigned', 'wrapup') GROUP BY owner

-- name: UserAll
SELECT id, login, body FROM users ORDER BY login

-- name: UserByID
SELECT id, login, body FROM users WHERE id = $1

-- name: UserByLogin
SELECT id, login, body FROM users WHERE login = $1

-- name: UserPut
INSERT INTO users (id, login, password, body) VALUES ($1, $2, '', $3)
ON CONFLICT (id) DO UPDATE SET login = excluded.login, body = excluded.body

-- name: UserDelete
DELETE FROM users WHERE id = $1

-- name: UserHash
SELECT id, password FROM users WHERE login = $1

-- name: UserSetHash
UPDATE users SET password = $2 WHERE id = $1

-- name: SessionPut
INSERT INTO session (token, owner, expires) VALUES ($1, $2, $3) ON CONFLICT (token) DO UPDATE SET expires = excluded.expires

-- name: SessionByToken
SELECT owner, expires FROM session WHERE token = $1 AND expires > $2

-- name: SessionDelete
DELETE FROM session WHERE token = $1

-- name: SessionsDelete
DELETE FROM session WHERE owner = $1 AND token <> $2

-- name: SessionsExpire
DELETE FROM session WHERE expires <= $1

-- name: VisitorByToken
SELECT ext FROM visitor WHERE channel = $1 AND token = $2

-- name: VisitorPut
INSERT INTO visitor (channel, token, ext) VALUES ($1, $2, $3) ON CONFLICT (channel, token) DO UPDATE SET ext = excluded.ext

-- name: AuditInsert
INSERT INTO audit (id, at, who, what, about, data) VALUES ($1, $2, $3, $4, $5, $6)

-- name: AuditLast
SELECT id, at, who, what, about, data FROM audit ORDER BY id DESC LIMIT $1

-- name: FileInsert
INSERT INTO file (id, token, blob, body, created_at) VALUES ($1, $2, $3, $4, $5)

-- name: FileByID
SELECT blob, body FROM file WHERE id = $1

-- name: FileByToken
SELECT blob, body FROM file WHERE token = $1

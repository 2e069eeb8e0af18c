-- name: ConfigBump
INSERT INTO config_version (what, version) VALUES ($1, 1) ON CONFLICT (what) DO UPDATE SET version = config_version.version + 1

-- name: ConfigVersions
SELECT what, version FROM config_version

-- name: TeamAll
SELECT id, body FROM team ORDER BY key

-- name: TeamPut
INSERT INTO team (id, key, body) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET key = excluded.key, body = excluded.body

-- name: TeamDelete
DELETE FROM team WHERE id = $1

-- name: QueueAll
SELECT id, body FROM queue ORDER BY key

-- name: QueuePut
INSERT INTO queue (id, key, body) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET key = excluded.key, body = excluded.body

-- name: QueueDelete
DELETE FROM queue WHERE id = $1

-- name: SkillAll
SELECT key, name FROM skill ORDER BY key

-- name: SkillPut
INSERT INTO skill (key, name) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET name = excluded.name

-- name: SkillDelete
DELETE FROM skill WHERE key = $1

-- name: CalendarAll
SELECT key, body FROM calendar ORDER BY key

-- name: CalendarPut
INSERT INTO calendar (key, body) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET body = excluded.body

-- name: CalendarDelete
DELETE FROM calendar WHERE key = $1

-- name: SettingByKey
SELECT body FROM setting WHERE key = $1

-- name: SettingPut
INSERT INTO setting (key, body) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET body = excluded.body

-- name: SettingFirst
INSERT INTO setting (key, body) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING

-- name: ChannelAll
SELECT id, key, secret, secrets, body FROM channel_account ORDER BY key

-- name: ChannelByKey
SELECT id, key, secret, secrets, body FROM channel_account WHERE key = $1

-- name: ChannelByID
SELECT id, key, secret, secrets, body FROM channel_account WHERE id = $1

-- name: ChannelPut
-- Of one that exists the secret stays, and without secrets these too.
INSERT INTO channel_account (id, key, secret, secrets, body) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (id) DO UPDATE SET key = excluded.key, body = excluded.body,
 secrets = CASE WHEN excluded.secrets = '' THEN channel_account.secrets ELSE excluded.secrets END

-- name: ChannelSecret
UPDATE channel_account SET secret = $2 WHERE id = $1

-- name: ChannelDelete
DELETE FROM channel_account WHERE id = $1

-- name: FAQAll
SELECT id, body, hits, good, bad FROM faq ORDER BY id

-- name: FAQPut
INSERT INTO faq (id, body, hits, good, bad) VALUES ($1, $2, 0, 0, 0) ON CONFLICT (id) DO UPDATE SET body = excluded.body

-- name: FAQDelete
DELETE FROM faq WHERE id = $1

-- name: FAQCount
UPDATE faq SET hits = hits + $2, good = good + $3, bad = bad + $4 WHERE id = $1

-- name: QuickReplyAll
SELECT id, owner, body FROM quick_reply WHERE owner = 0 OR owner = $1 ORDER BY owner, id

-- name: QuickReplyByID
SELECT id, owner, body FROM quick_reply WHERE id = $1

-- name: QuickReplyPut
INSERT INTO quick_reply (id, owner, body) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET owner = excluded.owner, body = excluded.body

-- name: QuickReplyDelete
DELETE FROM quick_reply WHERE id = $1

-- name: RulesNewest
SELECT version, at, by_user, body FROM rules ORDER BY version DESC LIMIT 1

-- name: RulesByVersion
SELECT version, at, by_user, body FROM rules WHERE version = $1

-- name: RulesAll
SELECT version, at, by_user, body FROM rules ORDER BY version DESC

-- name: RulesInsert
INSERT INTO rules (version, at, by_user, body) VALUES ($1, $2, $3, $4) ON CONFLICT (version) DO NOTHING

-- name: PoolEpoch
INSERT INTO pool (name, epoch) VALUES ($1, 1) ON CONFLICT (name) DO UPDATE SET epoch = pool.epoch + 1 RETURNING epoch

-- name: LeaseTake
INSERT INTO lease (name, holder, fence, until) VALUES ($1, $2, 1, $4)
ON CONFLICT (name) DO UPDATE SET fence = CASE WHEN lease.holder = excluded.holder AND lease.until > $3 THEN lease.fence ELSE lease.fence + 1 END,
 holder = excluded.holder, until = excluded.until
WHERE lease.holder = excluded.holder OR lease.until <= $3
RETURNING fence

-- name: LeaseEnd
UPDATE lease SET until = 0 WHERE name = $1 AND holder = $2

-- name: NodeAll
SELECT n, holder, until FROM node ORDER BY n

-- name: NodeTake
INSERT INTO node (n, holder, until) VALUES ($1, $2, $4)
ON CONFLICT (n) DO UPDATE SET holder = excluded.holder, until = excluded.until WHERE node.until <= $3

-- name: NodeKeep
UPDATE node SET until = $3 WHERE n = $1 AND holder = $2

-- name: Version sqlite
SELECT sqlite_version()

-- name: Version postgres
SELECT current_setting('server_version')

-- name: Bytes sqlite
SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()

-- name: Bytes postgres
SELECT pg_database_size(current_database())

-- name: SchemaVersion
SELECT COALESCE(MAX(version_id), 0) FROM goose_db_version

-- name: Ping
SELECT 1

-- +goose Up
-- Channels with reply windows, media that is fetched afterwards, and a
-- durable memory of their own.

ALTER TABLE conversation ADD COLUMN scene TEXT NOT NULL DEFAULT '';
ALTER TABLE conversation ADD COLUMN reply_window TEXT NOT NULL DEFAULT ''; -- zongji.Window
ALTER TABLE conversation ADD COLUMN pass TEXT NOT NULL DEFAULT '';         -- zongji.Pass
ALTER TABLE conversation ADD COLUMN press_at BIGINT NOT NULL DEFAULT 0;    -- when its window begins to press; 0 never, or it did
CREATE INDEX conversation_press ON conversation (press_at) WHERE press_at > 0 AND status = 'queued';

ALTER TABLE outbox ADD COLUMN not_before BIGINT NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN cost BIGINT NOT NULL DEFAULT 0;    -- taken from the window
ALTER TABLE outbox ADD COLUMN turn BIGINT NOT NULL DEFAULT 0;    -- of the window it was taken from
ALTER TABLE outbox ADD COLUMN pass TEXT NOT NULL DEFAULT '';     -- the pass that it uses
ALTER TABLE outbox ADD COLUMN head BIGINT NOT NULL DEFAULT 0;    -- the row it is sent with, in one bubble
CREATE INDEX outbox_head ON outbox (head) WHERE head > 0;

-- Media of customers' messages that is still at the channel.
CREATE TABLE media (
  msg BIGINT PRIMARY KEY,
  channel BIGINT NOT NULL,
  conv BIGINT NOT NULL,
  what TEXT NOT NULL,             -- for Fetcher.Fetch
  tries BIGINT NOT NULL,
  retry_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE INDEX media_next ON media (channel, retry_at);

ALTER TABLE channel_account ADD COLUMN secrets TEXT NOT NULL DEFAULT ''; -- sealed JSON
CREATE TABLE channel_keep (
  channel BIGINT NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,            -- sealed
  fence BIGINT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (channel, key)
);
CREATE TABLE channel_log (
  id BIGINT PRIMARY KEY,
  channel BIGINT NOT NULL,
  at BIGINT NOT NULL,
  code TEXT NOT NULL,
  text TEXT NOT NULL
);
CREATE INDEX channel_log_channel ON channel_log (channel, id);
CREATE TABLE channel_health (
  channel BIGINT PRIMARY KEY,
  state TEXT NOT NULL,
  code TEXT NOT NULL,
  text TEXT NOT NULL,
  until BIGINT NOT NULL,
  since BIGINT NOT NULL,
  callback_at BIGINT NOT NULL,    -- of the last request to /c/{key}/
  callbacks BIGINT NOT NULL       -- how many there were
);

-- Contacts that turned out to be one person. Identities and conversations lie
-- with the winner; the loser's row stays, so that its id answers and a merge
-- can be undone.
ALTER TABLE contact ADD COLUMN merged BIGINT NOT NULL DEFAULT 0; -- the winner
CREATE INDEX contact_merged ON contact (merged) WHERE merged > 0;
CREATE TABLE contact_merge (
  id BIGINT PRIMARY KEY,
  at BIGINT NOT NULL,
  winner BIGINT NOT NULL,
  loser BIGINT NOT NULL,
  by_user BIGINT NOT NULL,        -- 0: the channel or the company's site vouched for it
  why TEXT NOT NULL,              -- union | verified | hand
  data TEXT NOT NULL,             -- what moved
  undone_at BIGINT NOT NULL
);
CREATE INDEX contact_merge_winner ON contact_merge (winner, id);
CREATE INDEX contact_merge_loser ON contact_merge (loser, id);

CREATE INDEX inbound_seen_at ON inbound_seen (at);

-- +goose Up
-- Times are milliseconds since 1970, flags 0 or 1, lists and objects JSON text;
-- 0 and '' mean "none". Ids come from the program.

CREATE TABLE contact (
  id BIGINT PRIMARY KEY,
  name TEXT NOT NULL,
  level BIGINT NOT NULL,
  phone TEXT NOT NULL,      -- sealed
  phone_ix TEXT NOT NULL,   -- blind index
  email TEXT NOT NULL,
  email_ix TEXT NOT NULL,
  lang TEXT NOT NULL,
  attrs TEXT NOT NULL,
  note TEXT NOT NULL,
  blocked BIGINT NOT NULL,
  verified BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  last_at BIGINT NOT NULL,
  demo BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX contact_phone ON contact (phone_ix) WHERE phone_ix <> '';
CREATE INDEX contact_email ON contact (email_ix) WHERE email_ix <> '';
CREATE INDEX contact_demo ON contact (id) WHERE demo = 1;

-- Who somebody is in a channel; channel 0: verified by the company's own site.
CREATE TABLE contact_identity (
  channel BIGINT NOT NULL,
  ext_ix TEXT NOT NULL,
  ext TEXT NOT NULL,        -- sealed
  contact BIGINT NOT NULL,
  PRIMARY KEY (channel, ext_ix)
);
CREATE INDEX contact_identity_contact ON contact_identity (contact);

CREATE TABLE conversation (
  id BIGINT PRIMARY KEY,
  channel BIGINT NOT NULL,
  kind TEXT NOT NULL,
  contact BIGINT NOT NULL,
  thread TEXT NOT NULL,
  status TEXT NOT NULL,
  epoch BIGINT NOT NULL,
  rev BIGINT NOT NULL,
  owner BIGINT NOT NULL,
  queue BIGINT NOT NULL,
  team BIGINT NOT NULL,
  previous BIGINT NOT NULL,
  last_seq BIGINT NOT NULL,
  handled_seq BIGINT NOT NULL,
  agent_seen BIGINT NOT NULL,
  contact_got BIGINT NOT NULL,
  contact_saw BIGINT NOT NULL,
  unread BIGINT NOT NULL,
  demand TEXT NOT NULL,
  units BIGINT NOT NULL,
  tags TEXT NOT NULL,
  category TEXT NOT NULL,
  summary TEXT NOT NULL,
  lang TEXT NOT NULL,
  stars BIGINT NOT NULL,
  last_user BIGINT NOT NULL,
  preview TEXT NOT NULL,
  prev_from TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  last_at BIGINT NOT NULL,
  waiting_from BIGINT NOT NULL,
  queued_at BIGINT NOT NULL,
  assigned_at BIGINT NOT NULL,
  first_at BIGINT NOT NULL,
  closed_at BIGINT NOT NULL,
  due_at BIGINT NOT NULL,
  bot TEXT NOT NULL,
  changed_at BIGINT NOT NULL,     -- of the last event: the order of lists
  due_ms BIGINT NOT NULL,         -- when bot and rules look at it; 0 nothing due
  unhandled_from BIGINT NOT NULL, -- of the first message after handled_seq
  demo BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX conversation_open ON conversation (channel, thread) WHERE status <> 'closed';
CREATE INDEX conversation_thread ON conversation (channel, thread, created_at, id);
CREATE INDEX conversation_contact ON conversation (contact, created_at, id);
CREATE INDEX conversation_due ON conversation (due_ms) WHERE due_ms > 0;
CREATE INDEX conversation_overdue ON conversation (due_at) WHERE due_at > 0 AND status <> 'closed';
CREATE INDEX conversation_held ON conversation (owner) WHERE status IN ('assigned', 'wrapup');
CREATE INDEX conversation_demo ON conversation (id) WHERE demo = 1;
-- One index for each way to walk a list.
CREATE INDEX list_open_owner ON conversation (owner, changed_at, id) WHERE status <> 'closed';
CREATE INDEX list_open_team ON conversation (team, changed_at, id) WHERE status <> 'closed';
CREATE INDEX list_open ON conversation (changed_at, id) WHERE status <> 'closed';
CREATE INDEX list_closed_owner ON conversation (owner, changed_at, id) WHERE status = 'closed';
CREATE INDEX list_closed_team ON conversation (team, changed_at, id) WHERE status = 'closed';
CREATE INDEX list_closed ON conversation (changed_at, id) WHERE status = 'closed';
CREATE INDEX list_queued ON conversation (queue, changed_at, id) WHERE status = 'queued';
CREATE INDEX list_wait_queue ON conversation (queue, queued_at, id, team) WHERE status = 'queued';
CREATE INDEX list_wait_team ON conversation (team, queued_at, id) WHERE status = 'queued';
CREATE INDEX list_wait ON conversation (queued_at, id) WHERE status = 'queued';

CREATE TABLE message (
  id BIGINT PRIMARY KEY,
  conv BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  party TEXT NOT NULL,
  author BIGINT NOT NULL,
  author_name TEXT NOT NULL,
  kind TEXT NOT NULL,
  text TEXT NOT NULL,
  files TEXT NOT NULL,
  extra TEXT NOT NULL,
  at BIGINT NOT NULL,
  cid TEXT NOT NULL,
  state TEXT NOT NULL,
  reason TEXT NOT NULL,
  channel BIGINT NOT NULL,
  ext_id TEXT                     -- the channel's id; NULL until known
);
CREATE UNIQUE INDEX message_seq ON message (conv, seq);
CREATE UNIQUE INDEX message_ext ON message (channel, ext_id) WHERE ext_id IS NOT NULL;
-- What a customer wrote is known by ext_id, everything else by its client id.
CREATE UNIQUE INDEX message_cid ON message (conv, party, author, cid) WHERE cid <> '' AND party <> 'contact';

-- Inbound events that are no message: only that they were seen.
CREATE TABLE inbound_seen (
  channel BIGINT NOT NULL,
  ext_id TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (channel, ext_id)
);

CREATE TABLE conv_event (
  id BIGINT PRIMARY KEY,
  conv BIGINT NOT NULL,
  rev BIGINT NOT NULL,
  at BIGINT NOT NULL,
  kind TEXT NOT NULL,
  by_kind TEXT NOT NULL,
  actor BIGINT NOT NULL,
  channel BIGINT NOT NULL,
  queue BIGINT NOT NULL,          -- as they were after it
  team BIGINT NOT NULL,
  view TEXT NOT NULL,             -- JSON [before, after]; one when they are the same
  data TEXT NOT NULL,
  n BIGINT NOT NULL,              -- its number: ms waited (assigned), stars (rated), 1 = answered (bot)
  msg BIGINT NOT NULL,
  cfg BIGINT NOT NULL,
  key TEXT,                       -- once only
  published BIGINT NOT NULL
);
CREATE UNIQUE INDEX conv_event_rev ON conv_event (conv, rev);
CREATE UNIQUE INDEX conv_event_key ON conv_event (key) WHERE key IS NOT NULL;
CREATE INDEX conv_event_at ON conv_event (at, id);
CREATE INDEX conv_event_unpublished ON conv_event (at, id) WHERE published = 0;

CREATE TABLE route_cmd (
  id BIGINT PRIMARY KEY,
  at BIGINT NOT NULL,
  conv BIGINT NOT NULL,
  body TEXT NOT NULL
);
CREATE INDEX route_cmd_at ON route_cmd (at, id);

CREATE TABLE outbox (
  id BIGINT PRIMARY KEY,
  channel BIGINT NOT NULL,
  conv BIGINT NOT NULL,
  msg BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  state TEXT NOT NULL,
  tries BIGINT NOT NULL,
  fence BIGINT NOT NULL,
  retry_at BIGINT NOT NULL,
  code TEXT NOT NULL,
  reason TEXT NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX outbox_msg ON outbox (msg);
CREATE INDEX outbox_unsent ON outbox (channel, retry_at, seq) WHERE state IN ('pending', 'sending');
CREATE INDEX outbox_conv ON outbox (conv, seq) WHERE state IN ('pending', 'sending');

CREATE TABLE lease (
  name TEXT PRIMARY KEY,
  holder TEXT NOT NULL,
  fence BIGINT NOT NULL,
  until BIGINT NOT NULL
);
CREATE TABLE pool (
  name TEXT PRIMARY KEY,
  epoch BIGINT NOT NULL
);
CREATE TABLE node (
  n BIGINT PRIMARY KEY,
  holder TEXT NOT NULL,
  until BIGINT NOT NULL           -- ids of the number were made up to here
);

CREATE TABLE agent_state (
  agent BIGINT PRIMARY KEY,
  state TEXT NOT NULL,
  reason TEXT NOT NULL,
  since BIGINT NOT NULL
);
CREATE TABLE agent_event (
  id BIGINT PRIMARY KEY,
  agent BIGINT NOT NULL,
  at BIGINT NOT NULL,
  kind TEXT NOT NULL,             -- state | online | offline
  state TEXT NOT NULL,
  reason TEXT NOT NULL,
  by_kind TEXT NOT NULL
);
CREATE INDEX agent_event_agent ON agent_event (agent, at);

CREATE TABLE users (
  id BIGINT PRIMARY KEY,
  login TEXT NOT NULL UNIQUE,     -- lower case
  password TEXT NOT NULL,         -- argon2id
  body TEXT NOT NULL
);
CREATE TABLE team (id BIGINT PRIMARY KEY, key TEXT NOT NULL UNIQUE, body TEXT NOT NULL);
CREATE TABLE queue (id BIGINT PRIMARY KEY, key TEXT NOT NULL UNIQUE, body TEXT NOT NULL);
CREATE TABLE skill (key TEXT PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE calendar (key TEXT PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE setting (key TEXT PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE channel_account (
  id BIGINT PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  secret TEXT NOT NULL,           -- sealed
  body TEXT NOT NULL
);
CREATE TABLE faq (
  id BIGINT PRIMARY KEY,
  body TEXT NOT NULL,
  hits BIGINT NOT NULL,
  good BIGINT NOT NULL,
  bad BIGINT NOT NULL
);
CREATE TABLE quick_reply (id BIGINT PRIMARY KEY, owner BIGINT NOT NULL, body TEXT NOT NULL);
CREATE TABLE rules (
  version BIGINT PRIMARY KEY,
  at BIGINT NOT NULL,
  by_user BIGINT NOT NULL,
  body TEXT NOT NULL
);
CREATE TABLE config_version (what TEXT PRIMARY KEY, version BIGINT NOT NULL);

CREATE TABLE session (
  token TEXT PRIMARY KEY,         -- SHA-256 in hex
  owner BIGINT NOT NULL,
  expires BIGINT NOT NULL
);
CREATE INDEX session_owner ON session (owner);
CREATE TABLE visitor (
  channel BIGINT NOT NULL,
  token TEXT NOT NULL,            -- SHA-256 in hex
  ext TEXT NOT NULL,              -- sealed
  PRIMARY KEY (channel, token)
);
CREATE TABLE audit (
  id BIGINT PRIMARY KEY,
  at BIGINT NOT NULL,
  who BIGINT NOT NULL,
  what TEXT NOT NULL,
  about TEXT NOT NULL,
  data TEXT NOT NULL
);
CREATE TABLE file (
  id BIGINT PRIMARY KEY,
  token TEXT NOT NULL UNIQUE,
  blob TEXT NOT NULL,
  body TEXT NOT NULL,
  created_at BIGINT NOT NULL
);

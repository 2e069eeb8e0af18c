-- +goose Up
-- Mails: which of them belong together, what people have begun to write, and
-- what they moved to where it belongs.

-- Message-IDs that mean a thread.
CREATE TABLE thread_ref (
  channel BIGINT NOT NULL,
  ref TEXT NOT NULL,              -- without <>
  thread TEXT NOT NULL,
  msg BIGINT NOT NULL,            -- the message that it came with or left as
  ours BIGINT NOT NULL,           -- it left
  at BIGINT NOT NULL,
  PRIMARY KEY (channel, ref)
);
CREATE INDEX thread_ref_thread ON thread_ref (channel, thread, at, msg);
CREATE INDEX thread_ref_msg ON thread_ref (msg);

-- Who wrote under which subject.
CREATE TABLE thread_topic (
  channel BIGINT NOT NULL,
  topic_ix TEXT NOT NULL,         -- blind index of address and subject
  thread TEXT NOT NULL,
  at BIGINT NOT NULL,             -- of the last mail
  PRIMARY KEY (channel, topic_ix, thread)
);

CREATE TABLE draft (
  conv BIGINT NOT NULL,
  user_id BIGINT NOT NULL,        -- 0: of the bot, for whoever serves
  body TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (conv, user_id)
);

CREATE TABLE mail_move (
  id BIGINT PRIMARY KEY,
  at BIGINT NOT NULL,
  by_user BIGINT NOT NULL,
  why TEXT NOT NULL,              -- split | joined
  msg BIGINT NOT NULL,            -- the message that was moved
  copy BIGINT NOT NULL,           -- it, where it lies now
  from_conv BIGINT NOT NULL,
  from_thread TEXT NOT NULL,
  to_conv BIGINT NOT NULL,
  to_thread TEXT NOT NULL,
  undone_at BIGINT NOT NULL
);
CREATE INDEX mail_move_msg ON mail_move (msg);
CREATE INDEX mail_move_copy ON mail_move (copy);

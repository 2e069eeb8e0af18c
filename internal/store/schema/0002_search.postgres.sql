-- +goose Up
CREATE TABLE message_search (id BIGINT PRIMARY KEY, words tsvector NOT NULL);
CREATE INDEX message_search_words ON message_search USING GIN (words);
CREATE TABLE contact_search (id BIGINT PRIMARY KEY, words tsvector NOT NULL);
CREATE INDEX contact_search_words ON contact_search USING GIN (words);

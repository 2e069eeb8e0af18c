-- +goose Up
-- The words come cut from the program; only which message holds which word is
-- kept. prefix='1' serves searches of one Han character.
CREATE VIRTUAL TABLE message_search USING fts5(words, content='', contentless_delete=1, detail='none', prefix='1', tokenize="unicode61 remove_diacritics 0");
CREATE VIRTUAL TABLE contact_search USING fts5(words, content='', contentless_delete=1, detail='none', prefix='1', tokenize="unicode61 remove_diacritics 0");

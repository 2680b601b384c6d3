-- Version 3: what the client's hooks reported, each event once. A message is what the model said last,
-- kept until the transcript has it.
CREATE TABLE hook_events (
    number  INTEGER PRIMARY KEY AUTOINCREMENT,
    id      BLOB NOT NULL UNIQUE,
    at      INTEGER NOT NULL,
    event   INTEGER NOT NULL,
    root    TEXT NOT NULL,
    session TEXT NOT NULL,
    reason  TEXT NOT NULL,
    prompt  TEXT NOT NULL,
    agent   TEXT NOT NULL,
    pid     INTEGER,
    message TEXT
) STRICT;
CREATE INDEX hook_events_session ON hook_events (session, at);

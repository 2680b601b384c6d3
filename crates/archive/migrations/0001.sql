-- Version 1. Times are milliseconds since 1970, offsets and lengths are bytes.
-- Ids that something derived may remember are never given out twice, hence AUTOINCREMENT.

CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;

-- What the user wrote: copied every day.
CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE operations (
    number  INTEGER PRIMARY KEY AUTOINCREMENT,
    id      BLOB NOT NULL UNIQUE,
    device  BLOB NOT NULL,
    lamport INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    subject TEXT NOT NULL,
    field   TEXT NOT NULL,
    value   TEXT NOT NULL
) STRICT;
CREATE TABLE tombstones (subject TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE roots (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    device BLOB NOT NULL,
    path   TEXT NOT NULL,
    UNIQUE (device, path)
) STRICT;

CREATE TABLE sources (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    root    INTEGER NOT NULL REFERENCES roots (id),
    path    TEXT NOT NULL,
    kind    INTEGER NOT NULL,
    session TEXT,
    agent   TEXT,
    is_gone INTEGER NOT NULL DEFAULT 0,
    UNIQUE (root, path)
) STRICT;
CREATE INDEX sources_session ON sources (session) WHERE session IS NOT NULL;

-- A generation's bytes are its parent's up to base, then its own segments up to length.
-- Folded is how far its segments are cut for good.
CREATE TABLE generations (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    source      INTEGER NOT NULL REFERENCES sources (id),
    parent      INTEGER REFERENCES generations (id),
    base        INTEGER NOT NULL,
    length      INTEGER NOT NULL,
    line_start  INTEGER NOT NULL,
    folded      INTEGER NOT NULL,
    opened_at   INTEGER NOT NULL,
    appended_at INTEGER
) STRICT;
CREATE INDEX generations_source ON generations (source);

CREATE TABLE cursors (
    source      INTEGER PRIMARY KEY REFERENCES sources (id),
    generation  INTEGER NOT NULL REFERENCES generations (id),
    length      INTEGER NOT NULL,
    line_start  INTEGER NOT NULL,
    head        BLOB NOT NULL,
    head_len    INTEGER NOT NULL,
    tail        BLOB NOT NULL,
    tail_len    INTEGER NOT NULL,
    device      INTEGER NOT NULL,
    inode       INTEGER NOT NULL,
    size        INTEGER NOT NULL,
    modified_ns INTEGER NOT NULL
) STRICT;

-- The hash is BLAKE3 of the raw bytes.
CREATE TABLE blobs (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    hash       BLOB NOT NULL UNIQUE,
    raw_len    INTEGER NOT NULL,
    codec      INTEGER NOT NULL,
    dictionary INTEGER NOT NULL,
    level      INTEGER NOT NULL,
    data       BLOB NOT NULL
) STRICT;

CREATE TABLE segments (
    generation INTEGER NOT NULL REFERENCES generations (id),
    start      INTEGER NOT NULL,
    until      INTEGER NOT NULL,
    blob       INTEGER NOT NULL REFERENCES blobs (id),
    PRIMARY KEY (generation, start)
) STRICT, WITHOUT ROWID;
CREATE INDEX segments_blob ON segments (blob);

-- One row per change; seq is unique over both lanes.
CREATE TABLE log (
    lane       INTEGER NOT NULL,
    seq        INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    kind       INTEGER NOT NULL,
    source     INTEGER,
    generation INTEGER,
    start      INTEGER,
    until      INTEGER,
    line_start INTEGER,
    operation  INTEGER,
    PRIMARY KEY (lane, seq)
) STRICT, WITHOUT ROWID;

-- Bytes appended per day and lane, for the rate of growth.
CREATE TABLE days (
    day   INTEGER NOT NULL,
    lane  INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    PRIMARY KEY (day, lane)
) STRICT, WITHOUT ROWID;

-- The catalog. Every `*_at` blob is a position: time, seq, offset, big-endian, so that it sorts.
CREATE TABLE applied (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    archive BLOB NOT NULL,
    backlog INTEGER NOT NULL,
    live INTEGER NOT NULL
) STRICT;

CREATE TABLE session (
    ordinal INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    started_at INTEGER,
    ended_at INTEGER,
    entries INTEGER NOT NULL,
    prompts INTEGER NOT NULL,
    name TEXT,
    name_kind INTEGER,
    name_at BLOB,
    first_prompt TEXT,
    first_prompt_at BLOB,
    last_prompt TEXT,
    last_prompt_at BLOB,
    branch TEXT,
    branch_at BLOB,
    entrypoint TEXT,
    entrypoint_at BLOB,
    worktree_of TEXT,
    worktree_of_at BLOB,
    -- Whether a row came from a client in somebody's hands, not from a script.
    is_interactive INTEGER NOT NULL,
    tokens_input INTEGER NOT NULL,
    tokens_output INTEGER NOT NULL,
    tokens_cache_read INTEGER NOT NULL,
    tokens_cache_creation INTEGER NOT NULL,
    -- Made from the above and the tables below, for queries over all sessions.
    cwd TEXT,
    is_automated INTEGER NOT NULL
) STRICT;
CREATE INDEX session_ended ON session (ended_at DESC, id);
-- Every search asks for these; the rows themselves are wide.
CREATE INDEX session_automated ON session (is_automated) WHERE is_automated;
CREATE INDEX session_place ON session (cwd, worktree_of);

CREATE TABLE session_cwd (
    session INTEGER NOT NULL,
    cwd TEXT NOT NULL,
    at BLOB NOT NULL,
    PRIMARY KEY (session, cwd)
) STRICT, WITHOUT ROWID;
CREATE INDEX session_cwd_cwd ON session_cwd (cwd);

CREATE TABLE session_model (
    session INTEGER NOT NULL,
    model TEXT NOT NULL,
    at BLOB NOT NULL,
    PRIMARY KEY (session, model)
) STRICT, WITHOUT ROWID;

-- The record keys of a session, eight bytes each, in chunks: id = ordinal << 20 | chunk.
CREATE TABLE admitted (
    id INTEGER PRIMARY KEY,
    keys BLOB NOT NULL
) STRICT;

-- The keys beyond those in chunks, of the few sessions that have so many.
CREATE TABLE admitted_row (
    session INTEGER NOT NULL,
    key INTEGER NOT NULL,
    PRIMARY KEY (session, key)
) STRICT, WITHOUT ROWID;

-- Tokens of each API message, by the hash of (message.id, requestId), owned by the session whose row has
-- the smallest seq of those that are not copied from another session.
CREATE TABLE message (
    key INTEGER PRIMARY KEY,
    session INTEGER NOT NULL,
    is_copy INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    model INTEGER,
    input INTEGER NOT NULL,
    output INTEGER NOT NULL,
    cache_read INTEGER NOT NULL,
    cache_creation INTEGER NOT NULL
) STRICT;

CREATE TABLE model (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

-- Each of bytes, is_gone, is_cut and within stands with the seq that said it; -1 before anything did.
CREATE TABLE source (
    id INTEGER PRIMARY KEY,
    session INTEGER,
    root INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    bytes_at INTEGER NOT NULL,
    is_gone INTEGER NOT NULL,
    -- When that was found out, in milliseconds since 1970.
    gone_since INTEGER,
    is_gone_at INTEGER NOT NULL,
    is_cut INTEGER NOT NULL,
    is_cut_at INTEGER NOT NULL,
    -- The source that holds all that this one had when that was said.
    within INTEGER NOT NULL,
    within_at INTEGER NOT NULL
) STRICT;
CREATE INDEX source_session ON source (session);

-- Sources, and whether all of one that is gone is on disk in another: it was moved, and counts once.
CREATE VIEW placed AS SELECT source.*,
    is_gone AND within_at >= max(bytes_at, 0) AND EXISTS (
        SELECT 1 FROM source AS other
        WHERE other.id = source.within AND NOT other.is_gone AND NOT other.is_cut
    ) AS is_moved
    FROM source;

CREATE TABLE root (
    id INTEGER PRIMARY KEY,
    path TEXT NOT NULL
) STRICT;

-- Tool calls whose result has not come, and notes of queued prompts that have not come, without a tool.
CREATE TABLE open_call (
    source INTEGER NOT NULL,
    call INTEGER NOT NULL,
    tool TEXT NOT NULL,
    is_echo INTEGER NOT NULL,
    PRIMARY KEY (source, call)
) STRICT, WITHOUT ROWID;

CREATE TABLE defect (
    name TEXT PRIMARY KEY,
    lines INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What clients found out about directories; empty where there is none.
CREATE TABLE directory (
    cwd TEXT PRIMARY KEY,
    common_dir TEXT NOT NULL,
    remote TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE project_move (
    old TEXT PRIMARY KEY,
    new TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What is said of a checkpoint comes in any order: each part stands by itself, and is null before it is
-- said. made_by and described_by are numbers of the archive's operations.
CREATE TABLE checkpoint (
    id BLOB PRIMARY KEY,
    name TEXT,
    note TEXT,
    session TEXT,
    at INTEGER,
    cwd TEXT,
    made_by INTEGER,
    record TEXT,
    source INTEGER,
    generation INTEGER,
    until INTEGER,
    head TEXT,
    branch TEXT,
    is_dirty INTEGER,
    is_too_long INTEGER,
    described_by INTEGER,
    is_gone INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX checkpoint_session ON checkpoint (session, at);
CREATE INDEX checkpoint_made ON checkpoint (made_by);

-- What hooks reported of a session: when a client last began or took it up, when one last left it, and why.
CREATE TABLE session_life (
    session INTEGER PRIMARY KEY,
    begun_at INTEGER,
    left_at INTEGER,
    reason TEXT
) STRICT;

-- Tags that the user gave, each named by the operation that gave it: whoever takes a tag away names those
-- that it knew of.
CREATE TABLE session_tag (
    operation BLOB PRIMARY KEY,
    session INTEGER NOT NULL,
    tag TEXT NOT NULL,
    folded TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX session_tag_session ON session_tag (session);
CREATE INDEX session_tag_folded ON session_tag (folded);

-- Tags that were taken away, whether they are known yet or not.
CREATE TABLE untagged (
    operation BLOB PRIMARY KEY
) STRICT, WITHOUT ROWID;

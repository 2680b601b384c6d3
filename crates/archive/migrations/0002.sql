-- Version 2: ranges whose bytes are lost and that no file on disk could give back, so that they are said
-- once and not anew with each verification.
CREATE TABLE losses (
    generation INTEGER NOT NULL,
    start      INTEGER NOT NULL,
    until      INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    PRIMARY KEY (generation, start)
) STRICT, WITHOUT ROWID;

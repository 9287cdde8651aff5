-- Every state of every dataset's entry; the newest of a name is the one that counts.
CREATE TABLE datasets (
    change INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    location TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    record TEXT NOT NULL,
    added_at TEXT NOT NULL
);
CREATE INDEX datasets_by_name ON datasets (name, change);
CREATE INDEX datasets_by_content ON datasets (sha256);

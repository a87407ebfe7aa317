"""The tables of Cloud Storage."""

from typing import Final

SCHEMA: Final = """
CREATE TABLE buckets (name TEXT PRIMARY KEY, project TEXT NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE objects (
    bucket TEXT NOT NULL,
    name TEXT NOT NULL,
    generation INTEGER NOT NULL,
    live INTEGER NOT NULL,
    body TEXT NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (bucket, name, generation)
);
CREATE TABLE uploads (id TEXT PRIMARY KEY, bucket TEXT NOT NULL, body TEXT NOT NULL, data BLOB NOT NULL);
"""

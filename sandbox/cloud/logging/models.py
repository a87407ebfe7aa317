"""The table of audit entries: what a call was, from which an entry is made when somebody reads it."""

from datetime import timedelta
from typing import Final

SCHEMA: Final = """
CREATE TABLE audit_entries (
    seq INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    container TEXT NOT NULL,
    service TEXT NOT NULL,
    method TEXT NOT NULL,
    resource TEXT NOT NULL,
    caller TEXT NOT NULL,
    behind TEXT NOT NULL,
    address TEXT NOT NULL,
    agent TEXT NOT NULL,
    code INTEGER NOT NULL,
    message TEXT NOT NULL,
    permissions TEXT NOT NULL,
    request TEXT NOT NULL,
    response TEXT NOT NULL
);
CREATE INDEX audit_entries_by_container ON audit_entries (container, at);
"""
RETENTION: Final = timedelta(days=400)
"""How long Google keeps the Admin Activity logs. Source: https://cloud.google.com/logging/quotas#logs_retention_periods."""

"""The tables, as an append-only list of named steps. A step that was released is never edited."""

__all__ = ["STEPS"]

STEPS: tuple[tuple[str, str], ...] = (
    (
        "001_intents",
        """
        CREATE TABLE owners (
            owner INTEGER PRIMARY KEY AUTOINCREMENT,
            started_at REAL NOT NULL
        );
        CREATE TABLE intents (
            id INTEGER PRIMARY KEY,
            key TEXT NOT NULL UNIQUE,
            tool TEXT NOT NULL,
            api TEXT NOT NULL,
            scope TEXT NOT NULL,
            fingerprint TEXT NOT NULL,
            occurrence INTEGER NOT NULL,
            state TEXT NOT NULL,
            attempt INTEGER NOT NULL,
            fence INTEGER NOT NULL,
            owner INTEGER NOT NULL,
            created_at REAL NOT NULL,
            changed_at REAL NOT NULL,
            keep_until REAL,
            answer TEXT
        );
        CREATE INDEX intents_open ON intents (changed_at) WHERE state IN ('sent', 'unsettled');
        CREATE INDEX intents_held ON intents (owner) WHERE owner != 0;
        CREATE INDEX intents_old ON intents (keep_until) WHERE keep_until IS NOT NULL;
        CREATE TABLE steps (
            intent INTEGER NOT NULL REFERENCES intents (id) ON DELETE CASCADE,
            n INTEGER NOT NULL,
            attempt INTEGER NOT NULL,
            name TEXT NOT NULL,
            state TEXT NOT NULL,
            tries INTEGER NOT NULL,
            sent_at REAL,
            looks INTEGER NOT NULL DEFAULT 0,
            scope TEXT NOT NULL,
            effect_id TEXT,
            answer TEXT,
            PRIMARY KEY (intent, n)
        ) WITHOUT ROWID;
        CREATE INDEX steps_effect ON steps (effect_id) WHERE effect_id IS NOT NULL;
        """,
    ),
    (
        "002_pace",
        """
        CREATE TABLE places (
            id INTEGER PRIMARY KEY,
            scope TEXT NOT NULL,
            window TEXT NOT NULL,
            left_at REAL NOT NULL,
            ends_at REAL
        );
        CREATE INDEX places_window ON places (scope, window, ends_at);
        CREATE TABLE line (
            id INTEGER PRIMARY KEY,
            scope TEXT NOT NULL,
            window TEXT NOT NULL,
            holder TEXT NOT NULL,
            owner INTEGER NOT NULL,
            priority INTEGER NOT NULL,
            since REAL NOT NULL,
            keep_until REAL NOT NULL,
            UNIQUE (scope, window, holder)
        );
        CREATE TABLE windows (
            scope TEXT NOT NULL,
            window TEXT NOT NULL,
            requests INTEGER,
            paused_until REAL NOT NULL DEFAULT 0,
            reason TEXT,
            PRIMARY KEY (scope, window)
        ) WITHOUT ROWID;
        CREATE TABLE slots (
            id INTEGER PRIMARY KEY,
            scope TEXT NOT NULL,
            name TEXT NOT NULL,
            holder TEXT NOT NULL,
            upstream_id TEXT,
            taken_at REAL NOT NULL,
            free_at REAL NOT NULL,
            UNIQUE (scope, name, holder)
        );
        CREATE TABLE slot_numbers (
            scope TEXT NOT NULL,
            name TEXT NOT NULL,
            requests INTEGER NOT NULL,
            others INTEGER NOT NULL,
            told_at REAL NOT NULL,
            PRIMARY KEY (scope, name)
        ) WITHOUT ROWID;
        CREATE TABLE looks (
            scope TEXT NOT NULL,
            what TEXT NOT NULL,
            taken_at REAL NOT NULL,
            digest TEXT,
            fetching_until REAL NOT NULL DEFAULT 0,
            PRIMARY KEY (scope, what)
        ) WITHOUT ROWID;
        """,
    ),
)

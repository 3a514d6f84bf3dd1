"""The tables, as each version of the program made them; a journal is brought up to the last."""

APPLICATION_ID = 0x57616E58  # "WanX"

MIGRATIONS = (
    """
    CREATE TABLE attempt (
        id INTEGER PRIMARY KEY,
        key TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN
            ('submitting', 'submitted', 'succeeded', 'failed', 'lost', 'refused')),
        label TEXT NOT NULL,
        request TEXT NOT NULL,
        asked_at TEXT NOT NULL,
        task_id TEXT UNIQUE,
        request_id TEXT,
        ended_at TEXT,
        code TEXT,
        message TEXT,
        actual_prompt TEXT,
        usage TEXT,
        amount TEXT,
        currency TEXT,
        clip TEXT REFERENCES clip (sha256)
    ) STRICT;
    CREATE INDEX attempt_key ON attempt (key);
    CREATE UNIQUE INDEX attempt_open ON attempt (key) WHERE state IN ('submitting', 'submitted');
    CREATE TABLE clip (
        sha256 TEXT PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        bytes INTEGER NOT NULL
    ) STRICT;
    """,
    # One create call at a time for each model: at most one outcome can be in doubt.
    """
    CREATE TABLE attempt_2 (
        id INTEGER PRIMARY KEY,
        key TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN
            ('submitting', 'uncertain', 'unresolved', 'released',
             'submitted', 'succeeded', 'failed', 'lost', 'refused')),
        label TEXT NOT NULL,
        request TEXT NOT NULL,
        scope TEXT NOT NULL,
        model TEXT NOT NULL,
        asked_at TEXT NOT NULL,
        answered_at TEXT,
        task_id TEXT UNIQUE,
        adopted INTEGER NOT NULL DEFAULT 0,
        request_id TEXT,
        ended_at TEXT,
        expires_at TEXT,
        code TEXT,
        message TEXT,
        actual_prompt TEXT,
        usage TEXT,
        amount TEXT,
        currency TEXT,
        clip TEXT REFERENCES clip (sha256),
        CHECK (task_id IS NOT NULL OR state NOT IN ('submitted', 'succeeded'))
    ) STRICT;
    INSERT INTO attempt_2 (id, key, state, label, request, scope, model, asked_at, task_id,
                           request_id, ended_at, code, message, actual_prompt, usage, amount,
                           currency, clip)
        SELECT id, key, state, label, request, 'mock', json_extract(request, '$.model'), asked_at,
               task_id, request_id, ended_at, code, message, actual_prompt, usage, amount,
               currency, clip
        FROM attempt;
    UPDATE attempt_2 SET state = 'unresolved' WHERE state = 'submitting' AND id NOT IN
        (SELECT max(id) FROM attempt_2 WHERE state = 'submitting' GROUP BY model);
    DROP TABLE attempt;
    ALTER TABLE attempt_2 RENAME TO attempt;
    CREATE INDEX attempt_key ON attempt (key);
    CREATE UNIQUE INDEX attempt_open ON attempt (key)
        WHERE state IN ('submitting', 'uncertain', 'unresolved', 'submitted');
    CREATE UNIQUE INDEX attempt_in_doubt ON attempt (scope, model)
        WHERE state IN ('submitting', 'uncertain');
    """,
    # How many takes of a shot there are, where --retake asked for more than the list does.
    """
    CREATE TABLE retake (
        basis TEXT PRIMARY KEY,
        takes INTEGER NOT NULL CHECK (takes > 1)
    ) STRICT;
    """,
    # What a clip was probed to be; it never changes, and looking costs a process each time.
    """
    ALTER TABLE clip ADD COLUMN facts TEXT;
    """,
    # A plan looks for what each take was asked for last.
    """
    CREATE INDEX attempt_label ON attempt (label);
    """,
    # When the service began, and when the clip was here: what a report shows of a run's time.
    """
    ALTER TABLE attempt ADD COLUMN started_at TEXT;
    ALTER TABLE attempt ADD COLUMN fetched_at TEXT;
    """,
    # How each row of a table was left, so that a finished one need not be read again.
    """
    CREATE TABLE row (
        name TEXT PRIMARY KEY,
        record TEXT NOT NULL
    ) STRICT;
    """,
    # When the first byte of a request left, and where its result is. Several create calls may be
    # in doubt at once: each explains itself by its own picture.
    """
    DROP INDEX attempt_in_doubt;
    ALTER TABLE attempt ADD COLUMN sent_at TEXT;
    ALTER TABLE attempt ADD COLUMN url TEXT;
    UPDATE attempt SET sent_at = asked_at WHERE state NOT IN ('released', 'refused');
    """,
    # Which pictures are one picture in other bytes: the first of them is what all count as.
    """
    CREATE TABLE picture (
        identity TEXT PRIMARY KEY,
        pixels TEXT NOT NULL,
        same_as TEXT NOT NULL
    ) STRICT;
    CREATE INDEX picture_pixels ON picture (pixels);
    """,
    # How the pictures of a request were prepared, and which takes ask for it: where deliverables
    # change, a take keeps what was paid for with another preparation of the same picture.
    """
    ALTER TABLE attempt ADD COLUMN prepared TEXT;
    CREATE INDEX attempt_source ON attempt (json_extract(prepared, '$.source'))
        WHERE prepared IS NOT NULL;
    CREATE TABLE asked (
        label TEXT NOT NULL,
        key TEXT NOT NULL,
        PRIMARY KEY (label, key)
    ) STRICT, WITHOUT ROWID;
    """,
    # The address that a request was sent to: its task is asked about there. Before, the scope held
    # the host beside the key's digits; only the vendor's own hosts say by that where they are.
    """
    ALTER TABLE attempt ADD COLUMN endpoint TEXT;
    UPDATE attempt SET endpoint = substr(scope, 11, instr(substr(scope, 11), ' ') - 1)
        WHERE scope LIKE 'dashscope % %';
    UPDATE attempt SET
        scope = 'dashscope' || substr(scope, 11 + length(endpoint)),
        endpoint = CASE WHEN endpoint LIKE '%.aliyuncs.com'
            THEN 'https://' || endpoint || '/api/v1' ELSE '//' || endpoint END
        WHERE endpoint IS NOT NULL;
    """,
    # What a folder paid is summed with each list that ends: without reading its requests.
    """
    CREATE INDEX attempt_amount ON attempt (currency, amount, clip) WHERE amount IS NOT NULL;
    """,
    # Which take ``pick: auto`` chose among how many, so that it stays chosen.
    """
    CREATE TABLE choice (
        basis TEXT PRIMARY KEY,
        take INTEGER NOT NULL CHECK (take > 0),
        takes INTEGER NOT NULL CHECK (takes >= take)
    ) STRICT;
    """,
)
VERSION = len(MIGRATIONS)

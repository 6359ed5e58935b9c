"""The form of the archive: its mark, its tables, and the number of the newest form."""

from __future__ import annotations

APPLICATION_ID = 0x44766E70
"""In the file's header, "Dvnp": by this an archive is known, whatever it is called."""

FILE_NAME = "archive.db"

# The first table of the first form. Its text is also looked for in files whose header is damaged.
MARK = "CREATE TABLE davenport"

CONVERSATIONS = (
    f"{MARK} (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
    # Every text that can be searched has a row here; its number grows with time. `source` 0: a message, whose own
    # number is the same; 1: a conversation's title. `owner` is the conversation. Later pages add sources.
    "CREATE TABLE passage (no INTEGER PRIMARY KEY, source INTEGER NOT NULL, owner INTEGER NOT NULL,"
    " text TEXT NOT NULL) STRICT",
    "CREATE TABLE conversation ("
    " no INTEGER PRIMARY KEY,"
    " id TEXT NOT NULL UNIQUE,"
    " title INTEGER NOT NULL UNIQUE REFERENCES passage,"
    " created INTEGER NOT NULL,"
    " updated INTEGER NOT NULL,"
    " is_pinned INTEGER NOT NULL DEFAULT 0 CHECK (is_pinned IN (0, 1)),"
    " trashed INTEGER NOT NULL DEFAULT 0,"
    " message_count INTEGER NOT NULL DEFAULT 0,"
    " head INTEGER REFERENCES message DEFERRABLE INITIALLY DEFERRED,"
    " fork_of INTEGER REFERENCES message DEFERRABLE INITIALLY DEFERRED,"
    " model TEXT NOT NULL DEFAULT '',"
    " profile TEXT NOT NULL DEFAULT '',"
    " system TEXT NOT NULL DEFAULT '',"
    " parameters TEXT NOT NULL DEFAULT '{}') STRICT",
    "CREATE INDEX conversation_listed ON conversation (is_pinned DESC, updated DESC, no DESC) WHERE trashed = 0",
    "CREATE INDEX conversation_trashed ON conversation (trashed) WHERE trashed > 0",
    "CREATE INDEX conversation_head ON conversation (head) WHERE head IS NOT NULL",
    "CREATE INDEX conversation_fork_of ON conversation (fork_of) WHERE fork_of IS NOT NULL",
    # A parent is always older than its child, so a circle cannot be written and is found by every check.
    "CREATE TABLE message ("
    " no INTEGER PRIMARY KEY REFERENCES passage,"
    " id TEXT NOT NULL UNIQUE,"
    " conversation INTEGER NOT NULL REFERENCES conversation DEFERRABLE INITIALLY DEFERRED,"
    " parent INTEGER REFERENCES message DEFERRABLE INITIALLY DEFERRED CHECK (parent < no),"
    " role TEXT NOT NULL,"
    " state TEXT NOT NULL,"
    " kinds INTEGER NOT NULL,"
    " created INTEGER NOT NULL,"
    " model TEXT NOT NULL DEFAULT '',"
    " cost_pico INTEGER,"
    " is_free INTEGER NOT NULL DEFAULT 0,"
    " call_id TEXT NOT NULL DEFAULT '',"
    " first_token_ms INTEGER,"
    " total_ms INTEGER,"
    " finish_reason TEXT NOT NULL DEFAULT '',"
    " usage TEXT,"
    " error TEXT NOT NULL DEFAULT '',"
    " advice TEXT NOT NULL DEFAULT '',"
    " shape TEXT) STRICT",
    "CREATE INDEX message_conversation ON message (conversation)",
    "CREATE INDEX message_parent ON message (parent) WHERE parent IS NOT NULL",
    "CREATE INDEX message_streaming ON message (no) WHERE state = 'streaming'",
    "CREATE TABLE piece (no INTEGER PRIMARY KEY, message INTEGER NOT NULL REFERENCES message, kind TEXT NOT NULL,"
    " text TEXT NOT NULL) STRICT",
    "CREATE INDEX piece_message ON piece (message)",
    # `bytes` is NULL where the blob is a file of its own.
    "CREATE TABLE blob (sha256 TEXT PRIMARY KEY, size_bytes INTEGER NOT NULL, added INTEGER NOT NULL,"
    " bytes BLOB) STRICT, WITHOUT ROWID",
    "CREATE TABLE blob_use (message INTEGER NOT NULL REFERENCES message, sha256 TEXT NOT NULL REFERENCES blob,"
    " PRIMARY KEY (message, sha256)) STRICT, WITHOUT ROWID",
    "CREATE INDEX blob_use_sha256 ON blob_use (sha256)",
)

SEARCH = (
    "CREATE VIRTUAL TABLE passage_index USING fts5(text, content='passage', content_rowid='no',"
    " tokenize='unicode61 remove_diacritics 2')",
    # Pairs of neighbouring characters of the scripts that put no blanks between words. It keeps no text of its own.
    "CREATE VIRTUAL TABLE pair_index USING fts5(pairs, content='', columnsize=0,"
    " tokenize='unicode61 remove_diacritics 0')",
)

LEDGER = (
    "CREATE TABLE ledger ("
    " no INTEGER PRIMARY KEY,"
    " call_id TEXT NOT NULL UNIQUE,"
    " started INTEGER NOT NULL,"
    " ended INTEGER,"
    " fate TEXT NOT NULL,"
    " page TEXT NOT NULL,"
    " profile TEXT NOT NULL,"
    " model TEXT NOT NULL,"
    " tier TEXT NOT NULL DEFAULT '',"
    " conversation TEXT NOT NULL DEFAULT '',"
    " message TEXT NOT NULL DEFAULT '',"
    " request_id TEXT NOT NULL DEFAULT '',"
    " status INTEGER,"
    " tries INTEGER NOT NULL DEFAULT 1,"
    " first_token_ms INTEGER,"
    " total_ms INTEGER,"
    " price_version TEXT NOT NULL DEFAULT '',"
    " cost_pico INTEGER,"
    " estimate_pico INTEGER,"
    " is_free INTEGER NOT NULL DEFAULT 0,"
    " error TEXT NOT NULL DEFAULT '',"
    " has_usage INTEGER NOT NULL DEFAULT 0,"
    " input INTEGER NOT NULL DEFAULT 0,"
    " cached INTEGER NOT NULL DEFAULT 0,"
    " cache_write INTEGER NOT NULL DEFAULT 0,"
    " output INTEGER NOT NULL DEFAULT 0,"
    " reasoning INTEGER NOT NULL DEFAULT 0,"
    " audio_input INTEGER NOT NULL DEFAULT 0,"
    " audio_output INTEGER NOT NULL DEFAULT 0,"
    " image_input INTEGER NOT NULL DEFAULT 0,"
    " image_output INTEGER NOT NULL DEFAULT 0,"
    " cached_audio INTEGER NOT NULL DEFAULT 0,"
    " cached_image INTEGER NOT NULL DEFAULT 0,"
    " characters INTEGER NOT NULL DEFAULT 0,"
    " seconds REAL NOT NULL DEFAULT 0,"
    " images INTEGER NOT NULL DEFAULT 0,"
    " web_searches INTEGER NOT NULL DEFAULT 0,"
    " is_estimate INTEGER NOT NULL DEFAULT 0) STRICT",
    "CREATE INDEX ledger_started ON ledger (started)",
    "CREATE INDEX ledger_open ON ledger (no) WHERE fate = 'open'",
    "CREATE TABLE repricing (no INTEGER PRIMARY KEY, call_id TEXT NOT NULL REFERENCES ledger (call_id),"
    " made INTEGER NOT NULL, price_version TEXT NOT NULL, cost_pico INTEGER) STRICT",
    "CREATE INDEX repricing_call ON repricing (call_id)",
    "CREATE TABLE raw_reply (call_id TEXT PRIMARY KEY, size_bytes INTEGER NOT NULL, packed BLOB,"
    " sha256 TEXT REFERENCES blob) STRICT, WITHOUT ROWID",
    "CREATE INDEX raw_reply_sha256 ON raw_reply (sha256) WHERE sha256 IS NOT NULL",
)

DESK = (
    "CREATE TABLE draft (name TEXT PRIMARY KEY, changed INTEGER NOT NULL, text TEXT NOT NULL,"
    " parts TEXT NOT NULL DEFAULT '[]') STRICT, WITHOUT ROWID",
    "CREATE TABLE window_state (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE TABLE job (no INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, state TEXT NOT NULL,"
    " created INTEGER NOT NULL, updated INTEGER NOT NULL, progress REAL NOT NULL DEFAULT 0,"
    " error TEXT NOT NULL DEFAULT '', payload TEXT NOT NULL DEFAULT '{}') STRICT",
    "CREATE INDEX job_state ON job (state)",
)

LIBRARY = (
    # A name is unique among its neighbours; the top has parent 0 in the index, since NULLs are all different.
    "CREATE TABLE folder (no INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL,"
    " parent INTEGER REFERENCES folder CHECK (parent <> no)) STRICT",
    "CREATE UNIQUE INDEX folder_name ON folder (coalesce(parent, 0), name COLLATE NOCASE)",
    "CREATE INDEX folder_parent ON folder (parent) WHERE parent IS NOT NULL",
    "CREATE TABLE tag (no INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE COLLATE NOCASE) STRICT",
    "CREATE TABLE conversation_tag (conversation INTEGER NOT NULL REFERENCES conversation,"
    " tag INTEGER NOT NULL REFERENCES tag, PRIMARY KEY (conversation, tag)) STRICT, WITHOUT ROWID",
    "CREATE INDEX conversation_tag_tag ON conversation_tag (tag)",
    "CREATE TABLE saved_search (no INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL,"
    " query TEXT NOT NULL, created INTEGER NOT NULL) STRICT",
    "ALTER TABLE conversation ADD COLUMN folder INTEGER REFERENCES folder",
    # 0, or when it was put away: out of the usual list, still found.
    "ALTER TABLE conversation ADD COLUMN archived INTEGER NOT NULL DEFAULT 0",
    # Which page made it; what other pages keep (recordings, pictures ...) is a conversation too, and so is found.
    "ALTER TABLE conversation ADD COLUMN page TEXT NOT NULL DEFAULT 'chat'",
    # What its messages came to, kept in step with them, so that a list need not add them up.
    "ALTER TABLE conversation ADD COLUMN cost_pico INTEGER NOT NULL DEFAULT 0",
    "CREATE INDEX conversation_folder ON conversation (folder) WHERE folder IS NOT NULL",
    "CREATE INDEX conversation_archived ON conversation (archived) WHERE archived > 0",
    "UPDATE conversation SET cost_pico ="
    " coalesce((SELECT sum(cost_pico) FROM message WHERE message.conversation = conversation.no), 0)",
    # Bit 256 of `kinds`: a block of code.
    "UPDATE message SET kinds = kinds | 256 WHERE no IN"
    " (SELECT no FROM passage WHERE source = 0 AND instr(text, '```') > 0)",
)

IMPORTS = (
    # `state`: staged, done, undone, failed. While it is staged its conversations have `trashed` -1: no list has them.
    "CREATE TABLE import_run (no INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, started INTEGER NOT NULL,"
    " ended INTEGER, kind TEXT NOT NULL, name TEXT NOT NULL, state TEXT NOT NULL,"
    " report TEXT NOT NULL DEFAULT '{}') STRICT",
    "ALTER TABLE conversation ADD COLUMN import_run INTEGER REFERENCES import_run",
    "CREATE INDEX conversation_import_run ON conversation (import_run) WHERE import_run IS NOT NULL",
    # Messages that an import added to a conversation that was there before it.
    "CREATE TABLE import_addition (import_run INTEGER NOT NULL REFERENCES import_run,"
    " message INTEGER NOT NULL REFERENCES message, PRIMARY KEY (import_run, message)) STRICT, WITHOUT ROWID",
    "CREATE INDEX import_addition_message ON import_addition (message)",
)

WIRE = (
    # A call as the wire view shows it, packed; the reply's bytes are in raw_reply, where they are kept at all.
    "CREATE TABLE exchange (call_id TEXT PRIMARY KEY, started INTEGER NOT NULL, page TEXT NOT NULL,"
    " size_bytes INTEGER NOT NULL, packed BLOB NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE INDEX exchange_started ON exchange (started)",
    "CREATE TABLE collection (no INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL,"
    " created INTEGER NOT NULL, content TEXT NOT NULL) STRICT",
    # What a provider says a day cost, as far as it was asked: `part` is a model or a line of its bill, "" the whole.
    "CREATE TABLE reported_cost (profile TEXT NOT NULL, day TEXT NOT NULL, part TEXT NOT NULL,"
    " cost_pico INTEGER NOT NULL, fetched INTEGER NOT NULL, PRIMARY KEY (profile, day, part)) STRICT, WITHOUT ROWID",
    "CREATE INDEX ledger_profile ON ledger (profile, started)",
    "CREATE INDEX ledger_conversation ON ledger (conversation) WHERE conversation <> ''",
)

RECORDINGS = (
    # A recording and its transcript are a conversation of the page "transcription": found, tagged, trashed like any.
    # `sha256` is of the file's bytes: by it the same recording is noticed, and found again where it was moved.
    "CREATE TABLE recording (no INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,"
    " conversation INTEGER NOT NULL UNIQUE REFERENCES conversation, sha256 TEXT NOT NULL, path TEXT NOT NULL,"
    " size_bytes INTEGER NOT NULL, seconds REAL NOT NULL, channels INTEGER NOT NULL, mime TEXT NOT NULL,"
    " blob TEXT REFERENCES blob, added INTEGER NOT NULL, folder TEXT NOT NULL DEFAULT '') STRICT",
    "CREATE INDEX recording_sha256 ON recording (sha256)",
    "CREATE INDEX recording_blob ON recording (blob) WHERE blob IS NOT NULL",
    # Packed core Transcripts: as it came, and as it was edited (NULL until then). Peaks are the waveform's.
    "CREATE TABLE transcript (recording INTEGER PRIMARY KEY REFERENCES recording, original BLOB NOT NULL,"
    " edited BLOB, changed INTEGER NOT NULL) STRICT",
    "CREATE TABLE peaks (recording INTEGER PRIMARY KEY REFERENCES recording, packed BLOB NOT NULL) STRICT",
    # What of a job has arrived: it is never asked for twice. Times are microseconds of the recording.
    "CREATE TABLE transcript_part (job TEXT NOT NULL, number INTEGER NOT NULL, begins INTEGER NOT NULL,"
    " ends INTEGER NOT NULL, state TEXT NOT NULL, call_id TEXT NOT NULL DEFAULT '', reply BLOB,"
    " PRIMARY KEY (job, number)) STRICT, WITHOUT ROWID",
)

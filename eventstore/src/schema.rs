//! The tables of the log. Released steps are never edited; a new one is added below.
use crate::db::Migrations;

/// `heads` is the sequencer: one row a region, updated first in every append, so that positions are dense and a decision
/// reads what it will follow. `events` is append-only.
pub const SCHEMA: Migrations = Migrations {
    table: "_migrations_eventstore",
    steps: &[(
        1,
        "the log",
        "create table heads (
            region bigint not null primary key,
            position bigint not null,
            recorded_at bigint not null,
            epoch bigint not null
        );
        create table events (
            region bigint not null,
            position bigint not null,
            stream_kind text not null,
            stream_id {uuid} not null,
            version bigint not null,
            scan_id {uuid} not null,
            ordinal bigint not null,
            content_hash {bytes} not null,
            name text not null,
            schema_version bigint not null,
            occurred_at bigint not null,
            recorded_at bigint not null,
            body text not null,
            primary key (region, position)
        ){clustered};
        create unique index events_stream on events (region, stream_id, version);
        create unique index events_scan on events (region, scan_id, ordinal);",
    )],
};

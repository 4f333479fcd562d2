//! The tables of the record: one step of `registers/src/schema.rs`, never edited once released.

/// `record_head` is the sequencer: updated first in every append. `record` is append-only; only `prune` cuts off its
/// beginning. Each index answers one filter, newest first.
pub const RECORD: &str = "
create table record_head (
    region bigint not null primary key, first bigint not null, position bigint not null, recorded_at bigint not null
);
create table record (
    region bigint not null, position bigint not null, name text not null, schema_version bigint not null,
    recorded_at bigint not null, actor text not null, address text, about text, body text not null,
    primary key (region, position)
){clustered};
create index record_actor on record (region, actor, position);
create index record_name on record (region, name, position);
create index record_actor_name on record (region, actor, name, position);
create index record_about on record (region, about, position);
";

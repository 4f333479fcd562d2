//! The tables of the vault: one step of `registers/src/schema.rs`, never edited once released.

/// No row wrote a note before this step: the product had no door for them. Of what is sealed or hashed PostgreSQL keeps no
/// statistics: its samples would outlive an erasure. `vault_key` tells keys apart and retires them, and holds none.
pub const VAULT: &str = "
drop table note;
create table vault_key (
    region bigint not null, id text not null, check_value {bytes} not null, last_used_at bigint not null, retired_at bigint,
    primary key (region, id)
);
create table vault_party (
    region bigint not null, case_id {uuid} not null, party text not null,
    key_id text, wrapped {bytes}, name {bytes}, phone {bytes}, identity {bytes}, address {bytes},
    written_by text not null, written_at bigint not null,
    restricted_at bigint, restricted_by text, restricted_code text, restricted_note {uuid},
    erased_at bigint, erased_by text, erased_code text, erased_note {uuid},
    primary key (region, case_id, party)
);
create index vault_party_key on vault_party (region, key_id, case_id);
create table vault_hash (
    region bigint not null, kind text not null, hash {bytes} not null, case_id {uuid} not null, party text not null,
    primary key (region, kind, hash, case_id, party)
);
create index vault_hash_case on vault_hash (region, case_id, party);
create table vault_note (
    region bigint not null, id {uuid} not null, key_id text, wrapped {bytes}, text {bytes},
    written_by text not null, written_at bigint not null,
    erased_at bigint, erased_by text, erased_code text, erased_note {uuid},
    primary key (region, id)
);
create index vault_note_key on vault_note (region, key_id, id);
{postgres}alter table vault_party alter column wrapped set statistics 0;
{postgres}alter table vault_party alter column name set statistics 0;
{postgres}alter table vault_party alter column phone set statistics 0;
{postgres}alter table vault_party alter column identity set statistics 0;
{postgres}alter table vault_party alter column address set statistics 0;
{postgres}alter table vault_hash alter column hash set statistics 0;
{postgres}alter table vault_note alter column wrapped set statistics 0;
{postgres}alter table vault_note alter column text set statistics 0;
";

//! The proof: whole-system tests, one binary. Each guarantee runs on both engines, and a missing engine fails.
//!
//! To add one: an `async fn(Fresh) -> anyhow::Result<()>` in the file of its subject, and its name in that file's
//! `on_both_engines!`.
#![cfg(test)]

mod any_order;
mod applicant;
mod county;
mod crash;
mod desk;
mod desk_pages;
mod documents;
mod doors;
mod engine;
mod erasure;
mod flood;
mod handheld;
mod house;
mod log_contract;
mod mistakes;
mod notices;
mod office;
mod papers;
mod parties;
mod permutation;
mod pickup;
mod plans;
mod printers;
mod registers_contract;
mod restore;
mod sheets;
mod site_scan;
mod statistics;
mod tls;
mod tls_client;
mod waiting;
mod who_may;

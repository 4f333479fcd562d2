//! The doors: JSON, pages, the live stream, configuration, the executable.
//!
//! To add a route: a handler with its `#[utoipa::path]` in a file of `v1/`, one line in [`router`]. To add a page: a file
//! in `pages/`, a template, one line there. Statuses and problem types are decided in [`problem`] alone.
pub mod access;
pub mod app;
pub mod catalogue;
pub mod client_address;
pub mod commands;
pub mod desk_scan;
pub mod driven;
pub mod handheld;
pub mod headers;
pub mod health;
pub mod metrics;
pub mod notes;
pub mod notices;
pub mod openapi;
pub mod pages;
pub mod paper;
pub mod parties;
pub mod printers;
pub mod printing;
pub mod problem;
pub mod receipt;
pub mod registration;
pub mod router;
pub mod same_site;
pub mod server;
pub mod settings;
pub mod sheet;
pub mod staff;
pub mod tls;
pub mod v1;
pub mod view;

rust_i18n::i18n!("locales", fallback = "zh-CN");

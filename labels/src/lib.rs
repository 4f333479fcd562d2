//! Paper: codes, QR, label sheets, receipts, manifests, slips. Data in, bytes out: no database, no network, no clock; chance
//! is an argument.
//!
//! Where to begin: [`sheet::print`] makes pages of labels, [`receipt::print`], [`manifest::print`] and [`slip::print`]
//! the other papers; each gives a [`page::Paper`], which becomes PDF, SVG or dots and says what it could not print as given.
//! Layout is computed once, in micrometres ([`draft`] with [`fit`]); [`pdf`], [`svg`] and [`bitmap`] only draw it, and
//! [`thermal`] wraps the dots for a label printer.
//!
//! To add one more
//! - label format: one row of [`formats::FORMATS`];
//! - paper: one file like [`receipt`], from data to [`page::Paper`];
//! - foreign barcode to recognise: a variant of [`code::LooksLike`], one line in `looks_like`, one in its test.
pub mod bitmap;
pub mod code;
pub mod dots;
pub mod draft;
pub mod error;
pub mod fit;
pub mod font;
pub mod formats;
pub mod label;
pub mod manifest;
pub mod page;
pub mod pdf;
#[cfg(test)]
mod proof;
pub mod qr;
pub mod receipt;
pub mod sheet;
pub mod slip;
pub mod svg;
pub mod table;
pub mod thermal;
pub mod totals;

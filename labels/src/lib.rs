//! Paper: what is printed on labels, and how it is read back. Data in, text out: no database, no network, no clock;
//! chance is an argument.
//!
//! Where to begin: [`code`] prints a [`domain::code::Code`] with its check character and reads it again, however it was
//! typed or scanned. To recognise one more kind of foreign barcode: a variant of [`code::LooksLike`], one line in
//! `looks_like`, one line in its test.
pub mod code;

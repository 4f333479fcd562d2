//! Who may do what, on every door. A request passes three questions: who asks ([`principal`]), whether that may be done at
//! all ([`guard`], by the table in [`who_may`]), and whether it may be done to this ([`permit`], in the handler). What may
//! not be seen is answered like what is not there.
//!
//! To add a route: mount it with its action in `router.rs`. To change who may: one row of [`who_may::TABLE`].
pub mod attempts;
pub mod guard;
pub mod hashing;
pub mod permit;
pub mod principal;
pub mod second_factor;
pub mod shift;
pub mod sign_in;
pub mod who_may;

pub use permit::Permit;
pub use principal::Principal;
pub use projections::Scope;
pub use who_may::Action;

//! The JSON doors under `/api/v1`. One file a subject; every writing request carries an id made by the client.
pub mod bags;
pub mod cases;
pub mod couriers;
pub mod decisions;
pub mod devices;
pub mod dossiers;
pub mod events;
pub mod exceptions;
pub mod labels;
pub mod live;
pub mod paging;
pub mod registers;
pub mod scan;
pub mod scans;
pub mod search;
pub mod sites;
pub mod subject;

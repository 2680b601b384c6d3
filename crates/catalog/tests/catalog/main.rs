//! What the catalog says of the sessions it was told about.

mod reading;
mod told;
mod writing;

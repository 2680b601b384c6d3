//! What the catalog says of the sessions it was told about.

#[cfg(test)]
mod places;
mod reading;
mod told;
mod writing;

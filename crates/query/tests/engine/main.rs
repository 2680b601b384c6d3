//! Questions to an engine over a real archive, catalog and index.

#[cfg(test)]
mod reading;
#[cfg(test)]
mod searching;
#[cfg(test)]
mod world;

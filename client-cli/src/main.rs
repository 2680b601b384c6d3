//! sessionsd.
fn main() {}

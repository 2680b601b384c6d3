//! The real client with our hooks.

#[cfg(test)]
mod unheard;

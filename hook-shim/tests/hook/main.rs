//! The shim as a whole: what it prints, keeps and starts, and that nothing makes it fail or wait.

#[cfg(test)]
mod commands;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod listener;
#[cfg(test)]
mod starts;
#[cfg(test)]
mod trial;

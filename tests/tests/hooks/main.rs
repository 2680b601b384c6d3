//! The real client with our hooks, as it is run by a script and on a terminal.

#[cfg(test)]
mod commands;
#[cfg(test)]
mod endings;
#[cfg(test)]
mod heard;
#[cfg(test)]
mod outage;
#[cfg(test)]
mod plugin;
#[cfg(test)]
mod set_up;
#[cfg(test)]
mod silence;
#[cfg(test)]
mod stage;
#[cfg(test)]
mod unheard;

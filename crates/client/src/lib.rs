//! Connects to the daemon, starts it if absent, and speaks in model types.

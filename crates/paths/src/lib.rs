//! Where data, state, settings and the socket live.

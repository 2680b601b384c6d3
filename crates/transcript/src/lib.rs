//! Lines of a transcript to records, defects and entries; no I/O, never fails.

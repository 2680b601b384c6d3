//! Real files in temporary directories, a real archive, and the archivist between them.

mod bench;
mod changes;
mod damage;
mod disks;
mod edits;
mod passed_by;
mod running;
mod scans;

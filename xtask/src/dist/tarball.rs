//! A tarball whose bytes depend on what is in it alone.
//!
//! Knows the format; must not know what is packed.

use std::fs::File;
use std::path::Path;

use anyhow::{Context, Result};
use flate2::{Compression, GzBuilder};
use tar::{Builder, EntryType, Header};

use super::tree::Tree;
use super::{Manner, Packing};

/// Writes the files below a folder called `top` to the file `out`.
pub(super) fn write(tree: &Tree, (top, out): (&str, &Path), manner: Manner) -> Result<()> {
    let level = match manner.packing {
        Packing::Tight => Compression::best(),
        Packing::Loose => Compression::fast(),
    };
    let file = File::create(out).with_context(|| format!("could not make {}", out.display()))?;
    // Without a time and a name in its own header.
    let mut tarball = Builder::new(GzBuilder::new().write(file, level));
    for (place, entry) in tree.files() {
        let (length, content) = entry.open()?;
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::Regular);
        header.set_size(length);
        header.set_mode(entry.mode);
        header.set_mtime(manner.changed_at);
        header.set_uid(0);
        header.set_gid(0);
        tarball
            .append_data(&mut header, format!("{top}/{place}"), content)
            .with_context(|| format!("could not pack {place}"))?;
    }
    tarball.into_inner()?.finish()?.sync_all()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Read;

    use flate2::read::GzDecoder;

    use super::*;

    const MANNER: Manner = Manner {
        changed_at: 1_700_000_000,
        packing: Packing::Loose,
    };

    #[test]
    fn the_same_files_give_the_same_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let pack = |names: [&str; 2], out: &str| {
            let mut tree = Tree::default();
            for name in names {
                let file = folder.path().join(name);
                // Made anew each time: it has another time and another inode.
                fs::write(&file, name).unwrap();
                tree.add_program(format!("bin/{name}"), &file);
            }
            let out = folder.path().join(out);
            write(&tree, ("top", &out), MANNER).unwrap();
            fs::read(out).unwrap()
        };
        let bytes = pack(["a", "b"], "1");
        assert_eq!(bytes, pack(["b", "a"], "2"));

        let mut tarball = tar::Archive::new(GzDecoder::new(&*bytes));
        let read = |entry: std::io::Result<tar::Entry<'_, _>>| {
            let mut entry = entry.unwrap();
            let mut text = String::new();
            entry.read_to_string(&mut text).unwrap();
            let path = entry.path().unwrap().display().to_string();
            (path, text, entry.header().mode().unwrap())
        };
        let found: Vec<_> = tarball.entries().unwrap().map(read).collect();
        let expect = |name: &str| (format!("top/bin/{name}"), name.to_owned(), 0o755);
        assert_eq!(found, [expect("a"), expect("b")]);
    }
}

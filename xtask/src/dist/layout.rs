//! What a package holds, and where.
//!
//! Knows the conventions of file systems and shells; must not know how packages are packed.

use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use flate2::{Compression, GzBuilder};

use super::NAME;
use super::programs::{Pages, Programs};
use super::tree::Tree;

/// Returns what is copied below a prefix, such as `/usr/local` or `~/.local`.
pub(super) fn of_tarball(root: &Path, programs: &Programs, pages: &Pages) -> Result<Tree> {
    let mut tree = Tree::default();
    add_programs(&mut tree, "bin", programs);
    tree.add_folder("share/man/man1", &pages.manual)?;
    add_completions(&mut tree, ("share", "zsh/site-functions"), pages);
    let ours = format!("share/{NAME}");
    let packaging = root.join("packaging");
    for part in ["plugin", "systemd", "launchd"] {
        tree.add_folder(&format!("{ours}/{part}"), &packaging.join(part))?;
    }
    for name in ["LICENSE", "README.md", "CHANGELOG.md"] {
        tree.add(name, &root.join(name));
    }
    Ok(tree)
}

/// Returns what is unpacked below `/`.
///
/// Source: Debian Policy, sections 9.1 and 12.
pub(super) fn of_debian(root: &Path, programs: &Programs, pages: &Pages) -> Result<Tree> {
    let mut tree = Tree::default();
    add_programs(&mut tree, "usr/bin", programs);
    for page in fs::read_dir(&pages.manual)? {
        let page = page?.path();
        let name = page.file_name().context("a page has a name")?.display();
        tree.add_bytes(format!("usr/share/man/man1/{name}.gz"), packed(&page)?);
    }
    add_completions(&mut tree, ("usr/share", "zsh/vendor-completions"), pages);
    let packaging = root.join("packaging");
    // Where "sessions setup" looks for units that a package has brought; nothing enables them but that.
    tree.add_folder("usr/lib/systemd/user", &packaging.join("systemd"))?;
    tree.add_folder(
        &format!("usr/share/{NAME}/plugin"),
        &packaging.join("plugin"),
    )?;
    let doc = format!("usr/share/doc/{NAME}");
    tree.add(
        format!("{doc}/copyright"),
        &packaging.join("debian/copyright"),
    );
    tree.add(format!("{doc}/README.md"), &root.join("README.md"));
    let changes = packed(&root.join("CHANGELOG.md"))?;
    tree.add_bytes(format!("{doc}/changelog.gz"), changes);
    Ok(tree)
}

fn add_programs(tree: &mut Tree, place: &str, programs: &Programs) {
    tree.add_program(format!("{place}/sessions"), &programs.cli);
    tree.add_program(format!("{place}/sessionsd"), &programs.daemon);
    tree.add_program(format!("{place}/sessions-hook"), &programs.hook);
}

fn add_completions(tree: &mut Tree, (share, zsh): (&str, &str), pages: &Pages) {
    let bash = format!("{share}/bash-completion/completions/sessions");
    tree.add_bytes(bash, pages.bash.clone());
    tree.add_bytes(format!("{share}/{zsh}/_sessions"), pages.zsh.clone());
    let fish = format!("{share}/fish/vendor_completions.d/sessions.fish");
    tree.add_bytes(fish, pages.fish.clone());
}

fn packed(file: &Path) -> Result<Vec<u8>> {
    let bytes = fs::read(file).with_context(|| format!("could not read {}", file.display()))?;
    let mut packed = GzBuilder::new().write(Vec::new(), Compression::best());
    packed.write_all(&bytes)?;
    Ok(packed.finish()?)
}

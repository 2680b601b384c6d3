//! The name that Claude Code gives a project's folder. One way only: the name is lossy, so a working
//! directory is never read back from it.

/// Longest encoded name that is kept whole, in UTF-16 units.
const FOLDER_UNITS_MAX: usize = 200;

/// Returns the folder below `projects/` for a session started in `cwd`, which has its links resolved.
///
/// Each UTF-16 unit that is no ASCII letter or digit becomes `-`. A longer name is cut and followed by
/// a hash of the whole path.
pub fn project_folder(cwd: &str) -> String {
    let units = cwd.encode_utf16().map(encode_unit);
    if cwd.encode_utf16().count() <= FOLDER_UNITS_MAX {
        return units.collect();
    }
    let mut folder: String = units.take(FOLDER_UNITS_MAX).collect();
    folder.push('-');
    push_base36(&mut folder, path_hash(cwd).unsigned_abs());
    folder
}

fn encode_unit(unit: u16) -> char {
    match u8::try_from(unit) {
        Ok(byte) if byte.is_ascii_alphanumeric() => char::from(byte),
        _ => '-',
    }
}

fn path_hash(path: &str) -> i32 {
    path.encode_utf16().fold(0_i32, |hash, unit| {
        (hash << 5).wrapping_sub(hash).wrapping_add(i32::from(unit))
    })
}

fn push_base36(text: &mut String, number: u32) {
    if number >= 36 {
        push_base36(text, number / 36);
    }
    text.push(char::from_digit(number % 36, 36).unwrap_or('0'));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(cwd: &str, expect: &str) {
        assert_eq!(project_folder(cwd), expect, "{cwd}");
    }

    #[test]
    fn every_unit_but_ascii_letters_and_digits_is_a_dash() {
        check("/home/dev/my_app.rs", "-home-dev-my-app-rs");
        check("/tmp/é/😀", "-tmp-----");
        check(r"C:\Users\A B", "C--Users-A-B");
        check("", "");
    }

    #[test]
    fn long_paths_are_cut_and_hashed() {
        check(
            &format!("/{}", "a".repeat(199)),
            &format!("-{}", "a".repeat(199)),
        );
        check(
            &format!("/{}", "a".repeat(200)),
            &format!("-{}-b6ymvl", "a".repeat(199)),
        );
        check(
            &format!("/{}", "ü/".repeat(150)),
            &format!("{}-d5p12n", "-".repeat(200)),
        );
    }
}

//! A transcript whose last row has no newline.

use sessions_archive::Lane;

use super::{World, defects, prompt};

#[test]
fn a_whole_row_without_its_newline_is_found_and_counts_once_whatever_comes_behind_it() {
    let mut world = World::new();
    let (first, second) = (prompt(1, "quartz left behind"), prompt(2, "quartz again"));
    let check = |world: &World, prompts, expect: &[(String, u64)]| {
        let mut pair = world.create();
        world.apply(&mut pair, [Lane::Live, Lane::Backlog]);
        pair.commit().unwrap();
        let (sessions, total) = world.answers(&pair, "quartz");
        assert_eq!(
            (sessions[0].prompts, sessions[0].entries, total),
            (prompts, prompts, prompts)
        );
        assert_eq!(defects(world), expect);
    };
    world.append_from(0, first.trim_end(), Lane::Live);
    check(&world, 1, &[]);
    world.append_from(0, second.trim_end(), Lane::Backlog);
    check(&world, 2, &[]);
    world.append_from(0, "{\"type\":5}", Lane::Backlog);
    check(&world, 2, &[]);
    world.append("torn\n", Lane::Live);
    check(
        &world,
        2,
        &[("json".to_owned(), 1), ("shape".to_owned(), 1)],
    );
}

//! What the tokenizer makes of text: tables, and what holds for any string.

use proptest::prelude::*;

use super::{ENCODED_BYTES_MAX, Role, TOKEN_BYTES_MAX, tokenize};

/// Writes the tokens by position: parts plain, a whole after `=`, a bare number after `#`.
fn written(text: &str) -> String {
    let word = |token: &super::Token| match token.role {
        Role::Part => token.text.clone(),
        Role::Whole => format!("={}", token.text),
        Role::Bare => format!("#{}", token.text),
    };
    tokenize(text)
        .iter()
        .map(word)
        .collect::<Vec<_>>()
        .join(" ")
}

fn check(text: &str, expect: &str) {
    assert_eq!(written(text), expect, "{text:?}");
}

#[test]
fn escaped_line_ends_are_part_of_no_word() {
    check(
        r"first\nsecond\tthird",
        "first #nsecond second #tthird third",
    );
    check(r"C:\new\_x\net", "c #new ew x #net et");
    check(r"\nFooBar \\nx \n- \n", "=foobar foo bar #nx x n n");
    check(r"\news_item", "#news =ewsitem ews item");
}

#[test]
fn prose_is_cut_into_folded_words() {
    check("", "");
    check("  ... -> !?", "");
    check("The quick brown Fox.", "the quick brown fox");
    check("don't stop", "don t stop");
    check("naïve Café, ÜBER", "naive cafe uber");
    check("cafe\u{301}", "cafe");
    check("Ünïcödé_Näme", "=unicodename unicode name");
}

#[test]
fn identifiers_are_found_whole_and_by_part() {
    check("fooBarBaz", "=foobarbaz foo bar baz");
    check("foo_bar_baz", "=foobarbaz foo bar baz");
    check("FOO_BAR", "=foobar foo bar");
    check("__init__", "init");
    check("foo-bar", "foo bar");
    check("HTTPServer2", "=httpserver2 http server2");
    check("std::fmt::Display", "std fmt display");
    check("snake_caseMixed", "=snakecasemixed snake case mixed");
    check("foo(bar)->baz", "foo bar baz");
    check("Vec<HashMap<K,V>>", "vec =hashmap hash map k v");
}

#[test]
fn paths_addresses_and_numbers_fall_into_their_parts() {
    check("./src/a/b.rs:42", "src a b rs 42");
    check("https://example.com/a?b=1#c", "https example com a b 1 c");
    check(r"C:\Users\me", "c users me");
    check("v1.2.3", "v1 #1 2 3");
    check("1,234.5", "1 234 5");
    check("sha256 utf8 0x1F 2D", "sha256 utf8 0x1f 2d");
    check("deadbeef01", "deadbeef01");
    check(
        "0b9d7c1e-33f0-4a61-9e55-000000000001",
        "0b9d7c1e 33f0 4a61 9e55 000000000001",
    );
    check("--no-verify -x", "no verify x");
    check("me@example.org", "me example org");
}

#[test]
fn the_numbers_of_shown_lines_are_no_words() {
    check("     1→let a = 7;\n    12→let b", "let a 7 let b");
    check("123456→x", "x");
    check("1234567→x", "x");
    // What people write themselves.
    check("2→3 upgrade", "2 3 upgrade");
    check("on     1→x", "on 1 x");
    check("    12 -> x", "12 x");
    check("    v1→x", "v1 #1 x");
}

#[test]
fn what_colours_a_word_is_no_part_of_it() {
    check("\u{1b}[31mfailing\u{1b}[39m now", "failing now");
    check("\u{1b}[1m\u{1b}[32mgreen\u{1b}[0m", "green");
    check("\u{1b}[38;5;196mfooBar\u{1b}[m", "=foobar foo bar");
    check("plain\u{1b}(B\u{1b}[mend", "plain end");
    check(
        "\u{1b}[?25lhidden\u{1b}[2Kline\u{1b}7saved\u{1b}Mup",
        "hidden line saved up",
    );
    check(
        "\u{1b}]8;;https://a.b\u{1b}\\link\u{1b}]8;;\u{1b}\\",
        "8 https a b link 8",
    );
    check("\u{1b}[31", "31");
    check("\u{1b}text \u{1b}", "text");
    check("\u{1b}[é", "e");
}

#[test]
fn scripts_without_spaces_give_a_token_a_character() {
    check("設定ファイル", "設 定 フ ァ イ ル");
    check("ｶﾞ", "ガ");
    check("カ\u{3099}", "ガ");
    check("한국어", "한 국 어");
    check("\u{1112}\u{1161}\u{11ab}", "한");
    check("ก็", "ก ็");
    check("日本語v2テスト", "日 本 語 v2 #2 テ ス ト");
    check("東京、大阪。", "東 京 大 阪");
}

#[test]
fn other_scripts_are_words() {
    check("Привет, Мир", "привет мир");
    check("Καλημέρα", "καλημερα");
    check("हिन्दी", "हिन्दी");
    check("שָׁלוֹם", "שלום");
    check("مَرْحَبًا", "مرحبا");
}

#[test]
fn emoji_are_words() {
    check("ship it 🚀!", "ship it 🚀");
    check("👩\u{200d}💻", "👩 💻");
    check("👍🏽✓", "👍 ✓");
}

#[test]
fn compatibility_forms_are_folded() {
    check("ＦＵＬＬ　ｗｉｄｔｈ", "full width");
    check("ﬁle x² ½ ①", "file x2 12 1");
    check("5㎏ 20℃", "5kg 20c");
}

#[test]
fn offsets_name_the_bytes_a_token_came_from() {
    let text = "über fooBar 漢字";
    let slices: Vec<_> = tokenize(text)
        .iter()
        .map(|token| text.get(token.start..token.end).unwrap())
        .collect();
    assert_eq!(slices, ["über", "fooBar", "foo", "Bar", "漢", "字"]);
}

#[test]
fn positions_count_parts_alone() {
    let positions: Vec<_> = tokenize("call fooBar_baz v1.2")
        .iter()
        .map(|token| token.position)
        .collect();
    assert_eq!(positions, [0, 1, 1, 2, 3, 4, 4, 5]);
}

#[test]
fn long_words_are_cut_and_encoded_data_is_left_out() {
    let hash = "0f".repeat(400);
    let tokens = tokenize(&hash);
    assert_eq!(tokens.len(), 1);
    assert_eq!(tokens[0].text.len(), TOKEN_BYTES_MAX);
    assert_eq!(tokens[0].end, hash.len());

    let encoded = "aGVsbG8gd29ybGQ0aGVsbG8/aB3dE5fG7hI9jK1+".repeat(100);
    assert!(encoded.len() > ENCODED_BYTES_MAX);
    let tokens = tokenize(&format!("before {encoded} after"));
    assert_eq!(tokens.len(), 3, "{tokens:?}");
    assert_eq!(tokens.last().unwrap().text, "after");
}

#[test]
fn a_long_path_is_not_taken_for_encoded_data() {
    let path = "crates/fooBar/src/".repeat(40);
    assert!(path.len() > ENCODED_BYTES_MAX);
    assert_eq!(
        tokenize(&path)
            .iter()
            .filter(|token| token.text == "src")
            .count(),
        40
    );
}

#[test]
fn a_run_of_nothing_but_marks_is_no_word() {
    assert_eq!(tokenize("_\u{301}_\u{301} "), []);
}

proptest! {
    #[test]
    fn any_text_gives_tokens_in_order_within_it(text in "\\PC*|[a-zA-Z0-9_/+é漢ｶﾞ🚀\u{301}\u{1b}\\[;( ]{0,400}") {
        let mut position = 0;
        for token in tokenize(&text) {
            prop_assert!(text.get(token.start..token.end).is_some_and(|slice| !slice.is_empty()));
            prop_assert!(!token.text.is_empty() && token.text.len() <= TOKEN_BYTES_MAX);
            prop_assert!(token.position >= position);
            position = token.position;
        }
    }

    #[test]
    fn a_word_gives_the_same_tokens_wherever_it_stands(word in "[a-zA-Z0-9_é漢🚀]{1,40}") {
        let texts = |text: &str| -> Vec<_> {
            tokenize(text).into_iter().map(|token| (token.text, token.role)).collect()
        };
        prop_assert_eq!(texts(&word), texts(&format!("({word})")));
    }
}

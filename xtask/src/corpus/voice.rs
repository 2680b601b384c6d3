//! Who speaks how: with the names of files and functions in it, or in a script without spaces.
//!
//! Owns what people and the model say beside plain prose. Words of Chinese and Japanese are pairs of common
//! characters, the likelier the smaller their number: no sentence means anything, and each is cut up and counted
//! like one that does.

use super::random::Random;
use super::scene::Scene;

/// How a session's people and models speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Voice {
    /// In prose alone.
    #[default]
    Prose,
    /// In prose that names files and identifiers.
    Names,
    /// In Chinese.
    Chinese,
    /// In Japanese.
    Japanese,
}

/// How often a mixed corpus speaks Chinese, and how often Chinese or Japanese.
const CHINESE_UP_TO: f64 = 0.12;
const JAPANESE_UP_TO: f64 = 0.22;
/// How often something that is said names a file, and an identifier.
const NAMES_FILE: f64 = 0.5;
const NAMES_IDENTIFIER: f64 = 0.6;
/// Words of prose that one sentence of Chinese or Japanese stands for.
const SENTENCE_WORDS: usize = 14;
/// Sentences said at once, at most.
const SENTENCES_MAX: usize = 10;
/// Words of Chinese and Japanese that there are.
const WORDS: usize = 9_000;

/// Common characters.
const CHARACTERS: &str = "会话记录检索文件目录数据缓存错误测试部署服务端口请求响应日志配置环境变量函数类型接口模块\
    版本分支提交合并冲突编译运行时间线程进程内存磁盘网络连接超时重试队列任务计划权限用户密码加密解码格式字符串数组对象\
    索引查询结果排序过滤条件循环递归异常处理返回参数默认选项命令终端界面按钮页面样式布局图像声音视频下载上传同步备份\
    恢复删除更新插入修改检查验证确认取消开始结束继续停止自动手动本地远程主机客户浏览器打印输入输出读取写入打开关闭";
/// What stands between words of Chinese.
const CHINESE_JOINTS: [&str; 7] = ["的", "了", "在", "和", "把", "是", "对"];
/// What stands between words of Japanese.
const JAPANESE_JOINTS: [&str; 7] = ["は", "が", "を", "に", "で", "の", "と"];
/// Words of Japanese in their own script.
const KATAKANA: [&str; 12] = [
    "サーバー",
    "キャッシュ",
    "ファイル",
    "エラー",
    "テスト",
    "ログ",
    "データ",
    "メモリ",
    "スレッド",
    "コマンド",
    "ブランチ",
    "タイムアウト",
];
/// How a sentence of Japanese ends.
const JAPANESE_ENDS: [&str; 4] = ["しました。", "してください。", "できません。", "します。"];

impl Voice {
    /// Draws how a session of a mixed corpus is held.
    pub(crate) fn draw(random: &mut Random) -> Self {
        match random.unit() {
            drawn if drawn < CHINESE_UP_TO => Self::Chinese,
            drawn if drawn < JAPANESE_UP_TO => Self::Japanese,
            _ => Self::Names,
        }
    }
}

impl Scene<'_> {
    /// Returns `prose` as this session's people and models would say it.
    pub(crate) fn voiced(&mut self, prose: String) -> String {
        let push: fn(&mut Random, &mut String) = match self.voice {
            Voice::Prose => return prose,
            Voice::Names => return self.with_names(prose),
            Voice::Chinese => push_chinese,
            Voice::Japanese => push_japanese,
        };
        let sentences = prose.split_whitespace().count() / SENTENCE_WORDS + 1;
        let mut text = String::new();
        for _ in 0..sentences.min(SENTENCES_MAX) {
            push(&mut self.random, &mut text);
        }
        self.with_names(text)
    }

    fn with_names(&mut self, mut text: String) -> String {
        if self.random.chance(NAMES_FILE) {
            let file = self.project.pick_file(&mut self.random);
            let short = file.path.strip_prefix(&self.project.cwd);
            let path = short.map_or(file.path.as_str(), |path| path.trim_start_matches('/'));
            text.extend([" ", path]);
        }
        if self.random.chance(NAMES_IDENTIFIER) {
            let name = self.source.rare_identifier(&mut self.random);
            text.extend([" `", name, "`"]);
        }
        text
    }
}

fn push_chinese(random: &mut Random, text: &mut String) {
    let count = random.between(4, 12);
    for index in 0..count {
        push_word(random, text);
        match random.below(5) {
            0 => text.push_str(random.pick::<&str>(&CHINESE_JOINTS)),
            1 if index + 2 < count => text.push('，'),
            _ => {}
        }
    }
    text.push('。');
}

fn push_japanese(random: &mut Random, text: &mut String) {
    for _ in 0..random.between(3, 8) {
        if random.chance(0.3) {
            text.push_str(random.pick::<&str>(&KATAKANA));
        } else {
            push_word(random, text);
        }
        text.push_str(random.pick::<&str>(&JAPANESE_JOINTS));
    }
    push_word(random, text);
    text.push_str(random.pick::<&str>(&JAPANESE_ENDS));
}

/// Appends a word of two characters, always the same ones for the same number.
fn push_word(random: &mut Random, text: &mut String) {
    let number = random.rank(WORDS);
    let mut own = Random::named(u64::try_from(number).unwrap_or(0), "word");
    let characters: Vec<char> = CHARACTERS.chars().filter(|c| !c.is_whitespace()).collect();
    text.extend([*own.pick(&characters), *own.pick(&characters)]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_the_same_wherever_it_is_said() {
        let mut counts = std::collections::HashMap::new();
        let mut random = Random::new(1);
        for _ in 0..4_000 {
            let mut word = String::new();
            push_word(&mut random, &mut word);
            assert_eq!(word.chars().count(), 2);
            *counts.entry(word).or_insert(0) += 1;
        }
        assert!(counts.len() > 1_000, "{} words", counts.len());
        assert!(counts.values().any(|count| *count > 100));
    }

    #[test]
    fn sentences_have_no_spaces() {
        for push in [push_chinese, push_japanese] {
            let mut text = String::new();
            push(&mut Random::new(2), &mut text);
            assert!(text.ends_with('。') && !text.contains(char::is_whitespace));
        }
    }
}

//! Setting a text into a box: wrapped between Chinese characters and at blanks, smaller if need be, and at the least
//! size cut off with …. Never returns a line wider than the box. Sizes and widths are of [`crate::font`].
use crate::font;
use crate::page::Um;

/// Distance of baselines, in thousandths of the size.
const LEADING: Um = 1200;
/// Ink of one line, in thousandths of the size.
const INK: Um = font::ASCENT + font::DESCENT;
/// Never at the beginning of a line.
const CLOSING: &str = "，。、；：？！）】》〉」』”’…·,.;:?!)]}%";
/// Never at the end of a line. □ stands before the code point of a character the font lacks.
const OPENING: &str = "（【《〈「『“‘([{□";
/// A line may end behind these, though they belong to a word.
const JOINTS: &str = "/–—";

/// How large a text may and must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// Micrometres, the side of a Chinese character.
    pub most: Um,
    pub least: Um,
    /// Lines at most.
    pub lines: usize,
}

impl Sizes {
    /// One line, shrunk to three fifths if need be.
    #[must_use]
    pub fn line(most: Um) -> Self {
        Self { most, least: most * 3 / 5, lines: 1 }
    }

    /// Several lines.
    #[must_use]
    pub fn block(most: Um, least: Um, lines: usize) -> Self {
        Self { most, least: least.min(most), lines }
    }
}

/// A text that fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    pub size: Um,
    pub lines: Vec<String>,
    /// Whether something was cut off.
    pub shortened: bool,
}

impl Block {
    /// Height of the ink, micrometres.
    #[must_use]
    pub fn height(&self) -> Um {
        height(self.size, self.lines.len())
    }

    /// Distance of baselines, micrometres.
    #[must_use]
    pub fn leading(&self) -> Um {
        font::scaled(LEADING, self.size)
    }
}

/// Height of the ink of some lines, micrometres.
#[must_use]
pub fn height(size: Um, lines: usize) -> Um {
    font::scaled(INK + LEADING * (lines.max(1) as Um - 1), size)
}

/// Size a text may lose to be set in a line less, in hundredths.
const WORTH_A_LINE: Um = 72;

/// The text at the largest size at which it fits into `w` × `h` micrometres without tearing a word, a little smaller if
/// that saves a line; at the least size words are torn, and what still does not fit is cut off.
#[must_use]
pub fn fit(text: &str, w: Um, h: Um, sizes: Sizes) -> Block {
    let Some(block) = untorn(text, w, h, sizes) else { return smallest(text, w, h, sizes) };
    if block.lines.len() == 1 {
        return block;
    }
    let least = sizes.least.max(block.size * WORTH_A_LINE / 100);
    let fewer = Sizes { most: block.size, least, lines: block.lines.len() - 1 };
    untorn(text, w, h, fewer).unwrap_or(block)
}

fn untorn(text: &str, w: Um, h: Um, sizes: Sizes) -> Option<Block> {
    let mut size = sizes.most;
    while size > sizes.least {
        let (lines, torn) = wrap(text, units(w, size));
        if !torn && lines.len() <= sizes.lines && height(size, lines.len()) <= h {
            return Some(Block { size, lines: balanced(text, w, size, lines), shortened: false });
        }
        size = (size * 95 / 100).max(sizes.least);
    }
    None
}

fn smallest(text: &str, w: Um, h: Um, sizes: Sizes) -> Block {
    let size = sizes.least;
    let room = (1..=sizes.lines).rev().find(|&lines| height(size, lines) <= h).unwrap_or(1);
    let (lines, _) = wrap(text, units(w, size));
    if lines.len() <= room {
        return Block { size, lines: balanced(text, w, size, lines), shortened: false };
    }
    let mut kept = lines[..room - 1].to_vec();
    kept.push(cut(&lines[room - 1..].concat(), units(w, size)));
    Block { size, lines: kept, shortened: true }
}

/// `w` micrometres in thousandths of `size`.
fn units(w: Um, size: Um) -> Um {
    (i64::from(w) * i64::from(font::UNITS) / i64::from(size.max(1))) as Um
}

/// As many lines as given, of as equal a length as can be.
fn balanced(text: &str, w: Um, size: Um, lines: Vec<String>) -> Vec<String> {
    if lines.len() < 2 {
        return lines;
    }
    let (mut narrow, mut wide) = (font::width(text) / lines.len() as Um, units(w, size));
    let (mut best, torn_anyway) = (lines, wrap(text, wide).1);
    while wide - narrow > 20 {
        let middle = i32::midpoint(narrow, wide);
        let (tried, torn) = wrap(text, middle);
        if tried.len() <= best.len() && torn <= torn_anyway {
            (best, wide) = (tried, middle);
        } else {
            narrow = middle;
        }
    }
    best
}

/// The beginning of a text and … within `w` thousandths.
fn cut(text: &str, w: Um) -> String {
    let room = w - font::advance('…');
    let mut used = 0;
    let kept: String = text
        .chars()
        .take_while(|&c| {
            used += font::advance(c);
            used <= room
        })
        .collect();
    format!("{}…", kept.trim_end())
}

/// Lines of at most `w` thousandths, and whether a word was torn for it.
fn wrap(text: &str, w: Um) -> (Vec<String>, bool) {
    let chars: Vec<char> = text.chars().collect();
    let (mut lines, mut torn) = (Vec::new(), false);
    let mut rest = &chars[..];
    while !rest.is_empty() {
        let fitting = fitting(rest, w).max(1);
        let end = if fitting == rest.len() { fitting } else { last_break(&rest[..=fitting]).unwrap_or(0) };
        torn |= end == 0;
        let end = if end == 0 { fitting } else { end };
        lines.push(String::from_iter(&rest[..end]).trim().to_owned());
        rest = &rest[end..];
        while let [' ', after @ ..] = rest {
            rest = after;
        }
    }
    (lines, torn)
}

/// How many characters fit into `w` thousandths. A blank at the end hangs over.
fn fitting(chars: &[char], w: Um) -> usize {
    let mut used = 0;
    chars
        .iter()
        .position(|&c| {
            used += font::advance(c);
            used > w && c != ' '
        })
        .unwrap_or(chars.len())
}

/// The last place where a line may end, before the last of `chars`.
fn last_break(chars: &[char]) -> Option<usize> {
    (1..chars.len()).rev().find(|&at| may_break(chars[at - 1], chars[at]))
}

fn may_break(before: char, after: char) -> bool {
    let joint = before == ' ' || JOINTS.contains(before) || is_wide(before) || is_wide(after);
    joint && !CLOSING.contains(after) && !OPENING.contains(before)
}

/// Chinese characters and their punctuation, where a line may end on either side.
fn is_wide(c: char) -> bool {
    c >= '\u{2E80}' || c == '□'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str, em: Um) -> Vec<String> {
        wrap(text, em * font::UNITS).0
    }

    #[test]
    fn lines_end_between_characters_but_not_before_a_closing_mark_or_behind_an_opening_one() {
        assert_eq!(lines("安流镇便民服务中心", 5), ["安流镇便民", "服务中心"]);
        assert_eq!(lines("安流镇（便民服务）中心", 4), ["安流镇", "（便民服", "务）中心"]);
        assert_eq!(lines("一二三四，五六", 4), ["一二三", "四，五六"]);
    }

    #[test]
    fn words_are_not_torn_while_there_is_another_way() {
        let (wrapped, torn) = wrap("Window A-03 of Anliu", 5 * font::UNITS);
        assert_eq!((wrapped, torn), (vec!["Window".into(), "A-03 of".into(), "Anliu".into()], false));
        assert!(wrap("Hinterzarten", 3 * font::UNITS).1);
    }

    #[test]
    fn a_short_name_stays_on_one_line() {
        let block = fit("安流镇站", 24_000, 20_000, Sizes::block(6_400, 1_800, 8));
        assert_eq!(block.lines, ["安流镇站"]);
        assert!(block.size > 5_500, "{block:?}");
    }

    #[test]
    fn lines_are_of_a_like_length() {
        let block = fit("五华县人力资源和社会保障局办事窗口", 30_000, 8_000, Sizes::block(4_000, 2_000, 3));
        let longest = block.lines.iter().map(|line| line.chars().count()).max().unwrap();
        let shortest = block.lines.iter().map(|line| line.chars().count()).min().unwrap();
        assert!(longest - shortest <= 1, "{block:?}");
    }

    #[test]
    fn what_does_not_fit_is_cut_and_said_so() {
        let long = "五华县".repeat(40);
        let block = fit(&long, 20_000, 6_000, Sizes::block(4_000, 2_000, 4));
        assert!(block.shortened && block.lines.last().unwrap().ends_with('…'), "{block:?}");
        assert!(block.height() <= 6_000);
        for line in &block.lines {
            assert!(font::width_at(line, block.size) <= 20_000, "{line}");
        }
        assert!(!fit("五华县", 20_000, 6_000, Sizes::line(4_000)).shortened);
    }
}

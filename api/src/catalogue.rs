//! Finding a service item as somebody types: by its code, by words of its name, or by the initials of its name in pinyin. The
//! catalogue is small: it is looked through as it is.
use domain::id::{ItemId, SiteId};
use domain::network::{Network, SiteKind};
use pinyin::ToPinyinMulti;
use registers::item::{ItemRow, Level};

/// The items that fit, best first: those whose code, name or initials begin with what was typed, then those that hold it.
#[must_use]
pub fn find<'a>(items: impl Iterator<Item = &'a ItemRow>, typed: &str, limit: usize) -> Vec<&'a ItemRow> {
    let typed: String = typed.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect();
    let ranked = items.filter_map(|item| Some((rank(item, &typed)?, item)));
    let mut ranked: Vec<((usize, &ItemId), &ItemRow)> = ranked.map(|(rank, item)| ((rank, &item.code), item)).collect();
    ranked.sort_by_key(|(key, _)| *key);
    ranked.into_iter().map(|(_, item)| item).take(limit).collect()
}

/// Where what was typed begins in an item; `None`: nowhere.
fn rank(item: &ItemRow, typed: &str) -> Option<usize> {
    if item.code.as_str().starts_with(typed) {
        return Some(0);
    }
    let name = item.name.to_lowercase();
    let in_name = name.find(typed).map(|at| name[..at].chars().count());
    in_name.or_else(|| in_initials(&initials(&item.name), typed))
}

/// For each character that is said, the letters it may begin with: 行 is `x` and `h`.
fn initials(name: &str) -> Vec<Vec<char>> {
    let letters = |c: char| -> Vec<char> {
        if c.is_ascii_alphanumeric() {
            return vec![c.to_ascii_lowercase()];
        }
        let said = c.to_pinyin_multi().into_iter().flatten();
        said.filter_map(|sound| sound.first_letter().chars().next()).collect()
    };
    name.chars().map(letters).filter(|letters| !letters.is_empty()).collect()
}

fn in_initials(initials: &[Vec<char>], typed: &str) -> Option<usize> {
    let typed: Vec<char> = typed.chars().collect();
    let fits = |part: &[Vec<char>]| part.iter().zip(&typed).all(|(letters, letter)| letters.contains(letter));
    if typed.is_empty() {
        return Some(0);
    }
    initials.windows(typed.len()).position(fits)
}

/// Where papers of an item go that were handed in at a site: to the department that decides, or, if it was delegated, no
/// further than the town. `None`: it is decided where it was handed in.
#[must_use]
pub fn destination(item: &ItemRow, at: &SiteId, network: &Network) -> Option<SiteId> {
    if item.decided_at == Level::County && !item.delegated {
        return Some(item.department.clone()).filter(|department| department != at);
    }
    let site = network.site(at)?;
    let to_town = item.decided_at != Level::Village && site.kind == SiteKind::Station;
    site.parent.clone().filter(|_| to_town)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_are_found_anywhere_in_a_name_whatever_its_characters_may_be_said_like() {
        let name = initials("公共场所卫生许可（新办）");
        assert_eq!(in_initials(&name, "ggcs"), Some(0));
        assert_eq!(in_initials(&name, "wsxk"), Some(4));
        assert_eq!(in_initials(&name, "xkxb"), Some(6), "brackets are not said");
        assert_eq!(in_initials(&name, "wsxkz"), None);
        assert!(in_initials(&initials("银行"), "yh").is_some() && in_initials(&initials("行走"), "xz").is_some());
    }
}

#!/usr/bin/env python3
"""Makes NotoSansSC-Regular.subset.otf from the full font. Needs Python 3, fontTools and the two files below.

    ./subset.py NotoSansSC-Regular.otf Unihan_OtherMappings.txt[.bz2]

Kept: GB 2312, the standard character table (kTGH of Unihan), ASCII, Latin-1, CJK and general punctuation, full-width
forms, and what MORE names. Dropped: hints, layout features (nothing shapes text here), vertical metrics.
To keep one more block, add it to BLOCKS; a single character to MORE; then run it again and commit the result.
"""
import bz2
import hashlib
import sys
from pathlib import Path

from fontTools import subset

SOURCE_SHA256 = "faa6c9df652116dde789d351359f3d7e5d2285a2b2a1f04a2d7244df706d5ea9"
RESULT = Path(__file__).with_name("NotoSansSC-Regular.subset.otf")
BLOCKS = [(0x20, 0x7E), (0xA0, 0xFF), (0x2010, 0x2027), (0x2030, 0x203B), (0x2160, 0x216B), (0x2190, 0x2193),
          (0x2460, 0x2473), (0x3000, 0x303F), (0xFF01, 0xFF5E), (0xFFE0, 0xFFE6)]
MORE = "·…□☐☑✓℃№㎡〇"


def gb2312():
    """Every character of GB 2312, by trying its 94 × 94 places."""
    for high in range(0xA1, 0xFF):
        for low in range(0xA1, 0xFF):
            try:
                yield ord(bytes((high, low)).decode("gb2312"))
            except UnicodeDecodeError:
                pass


def standard_table(path):
    """The 8,105 characters of 通用规范汉字表 (2013): field kTGH."""
    text = bz2.open(path, "rt") if path.endswith(".bz2") else open(path)
    with text as lines:
        return [int(row[0][2:], 16) for row in (line.split("\t") for line in lines) if row[1:2] == ["kTGH"]]


def main(font, unihan):
    found = hashlib.sha256(Path(font).read_bytes()).hexdigest()
    if found != SOURCE_SHA256:
        sys.exit(f"{font} is not the font named in README.md: SHA-256 {found}")
    standard = standard_table(unihan)
    assert len(standard) == 8105, len(standard)
    wanted = {*gb2312(), *standard, *map(ord, MORE), *(c for low, high in BLOCKS for c in range(low, high + 1))}
    options = subset.Options(hinting=False, layout_features=[], drop_tables=["BASE", "DSIG", "GDEF", "GPOS", "GSUB",
                             "VORG", "vhea", "vmtx"], notdef_outline=True, name_IDs=["*"], recalc_timestamp=False)
    loaded = subset.load_font(font, options)
    lacking = sorted(c for c in standard if c not in loaded.getBestCmap())
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=wanted)
    subsetter.subset(loaded)
    subset.save_font(loaded, str(RESULT), options)
    count = len(loaded.getBestCmap())
    digest = hashlib.sha256(RESULT.read_bytes()).hexdigest()
    print(f"{RESULT.name}: {count} characters, {RESULT.stat().st_size} bytes, SHA-256 {digest}")
    print(f"standard characters the source lacks: {[f'U+{c:04X}' for c in lacking]}")


if __name__ == "__main__":
    main(*sys.argv[1:])

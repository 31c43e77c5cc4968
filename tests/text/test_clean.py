"""Clean lyrics: Bangla words stay whole, equal words are equal however typed, only what is sung stays."""

import random
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.text.clean import Unreadable, clean, folded, plain, read, tokens

# What lyrics files are made of, the awkward parts of it above all.
PIECES = st.lists(
    st.sampled_from(
        "[]()<>&;:#x×২2 \n\r\t'’.éঅকতযড\u09bc\u09cd\u09be\u0301\u200c\u200d\u00ad\ufeff\u2028\x85\x1c\ud800"
    )
    | st.sampled_from(["&amp;", "amp;", "&#", "<br", "[00:12.3]", "[ar:", "Chorus", "(x2)", "কোরাস", "repeat"]),
    max_size=14,
).map("".join)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("বৃষ্টি পড়ে টাপুর টুপুর", 4),
        ("ক্ষ্যাপা র‍্যাব", 2),
        ("চাঁদ দুঃখ উৎসব", 3),
        ("গান, গান! গান।", 3),
        ("don't stop", 2),
        ("naïve café", 2),
        ("I am 24", 3),
        ("বৃষ্টি and rain", 3),
        ("हिन्दी गीत", 2),
        ("தமிழ் பாட்டு", 2),
        ("…—!?", 0),
        ("🎵🎶 ❤️", 0),
        ("", 0),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_words_stay_whole(text: str, words: int) -> None:
    assert len(tokens(clean(text))) == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ज़िन्दगी गीत", ["ज़िन्दगी", "गीत"]),
        ("الحُبّ يا ليل", ["الحُبّ", "يا", "ليل"]),
        ("שָׁלוֹם עליכם", ["שָׁלוֹם", "עליכם"]),
        ("아리랑 아라리요", ["아리랑", "아라리요"]),
        ("Подмосковные вечера", ["подмосковные", "вечера"]),
        ("Straße, l'amour", ["straße", "l'amour"]),
        ("君が代は", ["君が", "が代", "代は"]),
        ("ラーメン カ", ["ラー", "ーメ", "メン", "カ"]),
        ("床前明月光", ["床前", "前明", "明月", "月光"]),
        ("LOVEてる 愛", ["love", "てる", "愛"]),
        ("ไทยรักก็", ["ไท", "ทย", "ยรั", "รัก", "กก็"]),
        ("ສະບາຍ", ["ສະ", "ະບ", "ບາ", "າຍ"]),
        ("សួស្តី", ["សួស្", "ស្តី"]),
        ("မြန်မာ", ["မြန်", "န်မာ"]),
    ],
)
def test_words_of_any_script_and_pairs_of_letters_where_no_spaces_are(text: str, words: list[str]) -> None:
    assert tokens(clean(text)) == [clean(word) for word in words]


@given(st.text(alphabet="君が代はไทยรกဗမသab নদ", max_size=20))
def test_tokens_lose_no_letter(text: str) -> None:
    assert set("".join(tokens(text))) == set(text) - {" "}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("প\u09dcে", "প\u09a1\u09bcে"),
        ("গা\u09dd", "গা\u09a2\u09bc"),
        ("মা\u09dfা", "মা\u09af\u09bcা"),
        ("হঠা\u09ce", "হঠা\u09a4\u09cd\u200d"),
        ("ব\u09cb", "ব\u09c7\u09be"),
        ("don't", "don’t"),
        ("don't", "don‘t"),
        ("singin'", "singin"),
        ("café", "cafe\u0301"),
        ("মন\u200d মা\u200cনে", "মন মানে"),
        ("ra\u00adin", "rain"),
        ("\ufeffrain", "rain"),
        ("ra\u200bin", "rain"),
        ("rock &amp; roll", "rock & roll"),
        ("&#2476;ন", "বন"),
        ("&amp;amp;", "&"),
        ("rain\u00a0song", "rain song"),
    ],
)
def test_two_ways_to_type_it_are_one_word(first: str, second: str) -> None:
    assert first != second
    assert tokens(clean(first)) == tokens(clean(second))


def test_a_joiner_stays_where_it_shapes_a_conjunct() -> None:
    assert clean("র\u200d\u09cdযাব") == "র\u200d\u09cdযাব"
    assert clean("ক\u09cd\u200cষ") == "ক\u09cd\u200cষ"
    assert clean("می\u200cخواهم") == "می\u200cخواهم"


@given(st.text() | PIECES)
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@given(st.text(alphabet="অআকখড়ঢ়য়গািেabé ", max_size=30))
def test_cleaning_knows_no_spelling(text: str) -> None:
    assert clean(unicodedata.normalize("NFD", text)) == clean(unicodedata.normalize("NFC", text))


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("[Chorus]\nla la", "la la"),
        ("la\n  [Verse 2: both]  \nlo", "la\n\nlo"),
        ("(কোরাস)\nগান", "গান"),
        ("[ধুয়া]\nগান", "গান"),
        ("(অন্তরা ২)\nগান\n[স্থায়ী]", "গান"),
        ("Chorus:\nla", "la"),
        ("Verse 2:\nla", "la"),
        ("CHORUS\nla", "la"),
        ("Pre-Chorus 1:\nla", "la"),
        ("Chorus: la la", "la la"),
        ("[Chorus] la la", "la la"),
        ("Chorus x2\nla", "la"),
        ("কোরাস: গান গাই", "গান গাই"),
        ("[Intro]\n[Outro]\n", ""),
        ("(oh) my love (yeah)", "(oh) my love (yeah)"),
        ("(ooh la la)", "(ooh la la)"),
        ("(chorus of angels)", "(chorus of angels)"),
        ("Bridge over the river", "Bridge over the river"),
        ("Break the chorus of the night", "Break the chorus of the night"),
        ("my hook", "my hook"),
    ],
)
def test_section_marks_go_and_sung_words_stay(text: str, left: str) -> None:
    assert clean(text) == left


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("la la (x2)", "la la"),
        ("la la x2", "la la"),
        ("la la 2x", "la la"),
        ("গান গাই (×২)", "গান গাই"),
        ("গান গাই ×২", "গান গাই"),
        ("গান গাই (২ বার)", "গান গাই"),
        ("la [x2] la", "la la"),
        ("la la [repeat x3]", "la la"),
        ("(x2)\nla", "la"),
        ("I called you 2 times", "I called you 2 times"),
        ("max 2 go", "max 2 go"),
        ("route 66", "route 66"),
    ],
)
def test_repeat_marks_go(text: str, left: str) -> None:
    assert clean(text) == left


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("[ti:Rain]\n[ar: A Band]\n[length: 03:12]\n[00:12.34]rain song", "rain song"),
        ("[00:12.00][01:30.500]rain", "rain"),
        ("[01:02]<00:12.34>rain <00:12.90>song", "rain song"),
        ("[00:10.00]\n[00:11.00]rain", "rain"),
        ("meet me at 10:30", "meet me at 10:30"),
        ("rain<br/>song<br>bird", "rain\nsong\nbird"),
        ("<p class='x'>rain</p><i>song</i>", "rain\nsong"),
        ("I <3 you &lt;3", "I <3 you <3"),
        ("a\r\nb\rc\u2028d", "a\nb\nc\nd"),
        ("a\n\n\n\n  b  c \t", "a\n\nb c"),
    ],
)
def test_time_stamps_and_markup_go(text: str, left: str) -> None:
    assert clean(text) == left


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [("utf-8", b""), ("utf-8", b"\xef\xbb\xbf"), ("utf-16-le", b"\xff\xfe"), ("utf-16-be", b"\xfe\xff")],
)
def test_every_unicode_file_is_read_alike(encoding: str, mark: bytes) -> None:
    text = read(mark + "বৃষ্টি\r\nrain".encode(encoding))
    assert text.words.split() == ["বৃ\u09b7্টি", "rain"]
    assert text.note == ""


def test_an_old_file_is_read_as_windows_and_says_so() -> None:
    text = read("naïve café’s".encode("cp1252"))
    assert text.words == "naïve café's"
    assert text.note == "1 of 1 lines not UTF-8: as Windows-1252"


def test_a_file_of_two_encodings_keeps_both() -> None:
    text = read("বৃষ্টি\n".encode() + "café\n".encode("cp1252") + b"rain\n")
    assert text.words == "বৃষ্টি\ncafé\nrain"
    assert text.note == "1 of 3 lines not UTF-8: as Windows-1252"


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "empty"),
        (b" \n\r\n", "empty"),
        ("🎵🎶 ❤️ 🎤".encode(), "no word"),
        (b"[Intro]\n(x2)\n", "no word"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "binary: it holds zero bytes"),
        ("rain song".encode("utf-16-le"), "if it is UTF-16 without its mark, save it as UTF-8"),
        (bytes(range(1, 256)), "binary: 28 of 255 characters occur in no text"),
        (random.Random(0).randbytes(3000).replace(b"\x00", b""), "binary"),
        (b"\xff\xfe" + random.Random(1).randbytes(3000), "binary"),
        (b"\xff\xfe\x00", "binary"),
        (b"&" + b"amp;" * 2000 + b" rain", "marks within marks, over 50 deep"),
        (b"Chorus: " * 2000 + b"rain", "marks within marks"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_text_is_refused_with_the_reason(raw: bytes, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        read(raw)


@given(st.binary(max_size=60))
def test_any_bytes_give_words_or_a_reason(raw: bytes) -> None:
    try:
        words = read(raw).words
    except Unreadable as refused:
        words = str(refused)
    assert tokens(words)


def test_plain_text_keeps_what_is_not_sung() -> None:
    assert plain("\ufeff[Chorus]\nর\u09df la (x2)\n".encode()) == "[Chorus]\nর\u09af\u09bc la (x2)"
    assert plain("rain".encode("utf-16")) == "rain"
    assert plain(b"") == plain(bytes(100)) == ""


def test_a_damaged_text_is_no_garbage() -> None:
    assert tokens(read(("rain song " * 5 + "\x07\ufffd").encode()).words)[:2] == ["rain", "song"]


CHORUS = "la la la\nlo lo lo"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (f"a\nb\n\n{CHORUS}\n\nc\nd\n\n{CHORUS}", f"a\nb\n\n{CHORUS}\n\nc\nd"),
        (f"a\n{CHORUS}\nc\n{CHORUS}\nd", f"a\n{CHORUS}\nc\n\nd"),
        (f"{CHORUS}\n\nLA la, la!\nlo lo lo", CHORUS),
        ("a\nb\na\nc", "a\nb\na\nc"),
        ("a\na\na\na", "a\na"),
        ("a\nb\n\nb\nc\n\na\nb\nc", "a\nb\n\nb\nc\n\nc"),
        ("p\nq\n\nw\nx\np\nq\ny\n\nw\nx\ny", "p\nq\n\nw\nx\n\ny\n\ny"),
        ("a", "a"),
        ("", ""),
    ],
    ids=["blocks", "inside a block", "case and signs", "single lines stay", "one line again and again",
         "no run over an end", "no run over a gap", "one line", "nothing"],
)  # fmt: skip
def test_folding_keeps_each_block_once(text: str, left: str) -> None:
    assert folded(text) == left


@given(st.lists(st.sampled_from(["a", "b", "c", "d", "", "!"]), max_size=24).map(lambda lines: clean("\n".join(lines))))
def test_folding_loses_no_line_and_folds_once(text: str) -> None:
    once = folded(text)
    assert folded(once) == once
    assert clean(once) == once
    assert set(once.split("\n")) - {""} == set(text.split("\n")) - {""}

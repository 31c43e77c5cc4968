"""Words in Latin letters: Bangla in many spellings, English, and words of both beside their neighbours."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.text.romanised import odds, of_words

# Written for this test, in many spellings; not from the sample's grammar.
BANGLA = """ami tomake khub bhalobashi
tumi ki amar shathe cholbe
aj brishti porche sara din dhore
keno tumi amake ekla fele chole gele
chokher jole bhije gelo chithi
tor kotha bhable mon kharap hoye jay
akashe onek tara jhilmil kore
shohorer rastay hete jai eka eka
bondhu tumi kothay acho kemon acho
ma tomar mukh khana mone pore
ghum ashe na raate kichutei
dujone mile gan gaibo abar
pother dhare boshe achi tomar opekkhay
valobasar golpo ta shesh hoye gelo
nil akasher niche ekta choto ghor
ghure ghure ashi tomar barir samne
bujhte parini tomar moner kotha
hariye gechi ei jonosomudre
kothao keu nei shunno charidik
sob kichu vule jete chai""".splitlines()
ENGLISH = """I walked alone on the broken highway
Take my hand and never let it go
We were dancing under neon signs
Mama told me not to waste my time
She drives a rusty pickup to the bar
Every ghost inside this house knows my name
Turn the radio up, turn the lights down low
Hallelujah, the bells are ringing
I'd swim the widest ocean for your kiss
Baby, you shouldn't have called
Midnight train is leaving the station
He sold his guitar to buy her a ring
My heart beats like a thousand drums
Late again, no dinner, no money
Don’t break what you cannot repair
Candle burning at the window pane
Where do the children play tomorrow
Thunder rolling over the prairie
Give me one more bottle of wine
Tell her I am sorry for the rain""".splitlines()
MIXED = """ami tomake bhalobashi, can't you see
baby tumi kothay, I am waiting here
tonight we dance, shara raat jege
ei raat is so lonely without you
stay with me দোস্ত, সকাল আছে বাকি
The কৃষক is tired, the shovel is heavy""".splitlines()


@pytest.mark.parametrize("word", ["hate", "more", "are", "din", "pore", "to"])
def test_a_word_of_both_lists_goes_with_its_neighbours(word: str) -> None:
    assert of_words(["tumi", "amake", word, "bhalobasho"]) == ["bn-Latn"] * 4
    assert of_words(["they", "never", word, "something"]) == ["en"] * 4


@pytest.mark.parametrize(
    ("first", "second"), [("bhalobashi", "valobashi"), ("shathe", "sathe"), ("achho", "acho"), ("brishti", "bristi")]
)
def test_every_spelling_is_bangla(first: str, second: str) -> None:
    assert min(odds(first, "bn-Latn"), odds(second, "bn-Latn")) > 2


def test_a_line_of_many_words_changes_its_language_where_it_does() -> None:
    """In the time of its length: whoever keeps the whole way for each word is not done here in a minute."""
    many = 50_000
    languages = of_words(["tumi", "amake"] * many + ["they", "never"] * many)
    assert languages == ["bn-Latn"] * 2 * many + ["en"] * 2 * many
    assert of_words([]) == []


@given(st.lists(st.text(max_size=12), max_size=8))
def test_any_words_have_a_language_each(words: list[str]) -> None:
    assert len(of_words(words)) == len(words)

"""The same recording is known again in another codec; other songs of the same kind are not."""

from pathlib import Path

from pipeline.intake import doubles
from pipeline.intake.ledger import Ledger
from pipeline.intake.walk import walked
from tests.library.music import sing


def test_the_same_recording_in_another_codec_is_found_and_nothing_else(tmp_path: Path) -> None:
    music = tmp_path / "music"
    for number in range(4):
        sing(music / f"{number}.wav", number, 12)
    sing(music / "1.mp3", 1, 12)
    sing(music / "1.m4a", 1, 12.1)
    sing(music / "2.ogg", 2, 12)
    (music / "3.mp3").write_bytes(b"no sound")
    with Ledger(tmp_path / "ledger") as ledger:
        songs = dict.fromkeys(walked(music).songs, 12.0)
        alike = [{first.path.name, second.path.name} for first, second in doubles.pairs(songs, ledger)]
        again = [{first.path.name, second.path.name} for first, second in doubles.pairs(songs, ledger)]
    assert alike == [{"1.m4a", "1.mp3"}, {"1.m4a", "1.wav"}, {"2.ogg", "2.wav"}]
    assert again == alike

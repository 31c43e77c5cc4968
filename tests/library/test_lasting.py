"""Clusters are recognised by their members; numbers and names stay."""

from pipeline.library.lasting import Lasting, changes, matched

OLD = [Lasting(1, "slow · bn", ("a", "b", "c", "d")), Lasting(4, "loud · en", ("e", "f", "g"))]


def test_numbers_and_names_stay_whatever_the_order_of_the_clusters() -> None:
    new = matched(OLD, [["f", "g", "h"], ["a", "b", "d", "i"]], ["other name", "slow · bn"], 5)
    assert [(each.number, each.name) for each in new] == [(4, "loud · en"), (1, "slow · bn")]
    assert changes(OLD, new) == ["changed: 4 loud · en (+1 -1)", "changed: 1 slow · bn (+1 -1)"]


def test_a_new_cluster_gets_a_number_and_a_name_that_none_had() -> None:
    new = matched(OLD, [["a", "b", "c", "d"], ["x", "y"]], ["fast", "slow · bn"], 5)
    assert [(each.number, each.name) for each in new] == [(1, "slow · bn"), (5, "slow · bn 2")]
    assert changes(OLD, new) == ["new: 5 slow · bn 2 (2 songs)", "gone: 4 loud · en"]


def test_songs_that_left_do_not_speak_against_a_cluster() -> None:
    assert matched(OLD, [["a"], ["e", "f", "g"]], ["", ""], 5)[0].number == 1


def test_the_first_run_numbers_from_one() -> None:
    new = matched([], [["a"], ["b"]], ["calm", "calm"], 1)
    assert [(each.number, each.name) for each in new] == [(1, "calm"), (2, "calm 2")]
    assert matched(OLD, [], [], 5) == []

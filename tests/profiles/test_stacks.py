"""Folded stacks: the text form, addition, and what a function costs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiles.stacks import FoldedStacksError, FrameCost, Profile

frames = st.text(alphabet="abc_. ()", min_size=1).filter(lambda name: name.strip() == name and name)
profiles = st.builds(
    Profile, st.just("samples"), st.dictionaries(st.lists(frames, min_size=1, max_size=5).map(tuple), st.integers(1, 9))
)


def test_cost_of_a_function_is_its_own_and_what_it_calls() -> None:
    profile = Profile.parse("main;serve;analyse 3\nmain;serve 1\nmain 2\n", "samples")

    assert profile.total == 6
    assert profile.frames() == [FrameCost("analyse", 3, 3), FrameCost("main", 2, 6), FrameCost("serve", 1, 4)]


def test_a_recursive_function_counts_once_a_stack() -> None:
    [cost] = Profile.parse("walk;walk;walk 5", "samples").frames()

    assert cost == FrameCost("walk", 5, 5)


def test_stacks_of_native_threads_without_frames_are_dropped() -> None:
    assert Profile.parse(" 40\nmain 2\n\n", "samples").stacks == {("main",): 2}


@pytest.mark.parametrize("text", ["main;serve", "main 1\nserve x", "main -1", "main 1.5"])
def test_a_line_without_a_cost_is_named(text: str) -> None:
    with pytest.raises(FoldedStacksError, match=r"line \d: no cost"):
        Profile.parse(text, "samples")


@given(profiles)
def test_the_text_form_loses_nothing(profile: Profile) -> None:
    assert Profile.parse(profile.text(), "samples") == profile


@given(st.lists(profiles, max_size=4))
def test_profiles_add_up(parts: list[Profile]) -> None:
    assert Profile.combined(parts).total == sum(part.total for part in parts)


def test_bytes_and_samples_do_not_add_up() -> None:
    with pytest.raises(ValueError, match="bytes, samples do not add up"):
        Profile.combined([Profile("samples", {}), Profile("bytes", {})])

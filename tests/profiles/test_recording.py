"""A recording as a file."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from profiles.recording import Recording, RecordingError
from profiles.renderers import speedscope
from profiles.stacks import Profile


def test_a_recording_is_what_was_saved(tmp_path: Path) -> None:
    profiles = [Profile("bytes", {("serve", "parse"): 3}), Profile("bytes", {("serve",): 2})]
    recording = Recording.of_profiles(profiles, [10, 20], "a test")
    recording.save(tmp_path / "new" / "bytes.profile.json")
    loaded = Recording.load(tmp_path / "new" / "bytes.profile.json")
    assert loaded == recording
    assert loaded.profiles() == profiles
    assert (loaded.profile().total, loaded.answered, loaded.is_exact) == (5, 30, True)


def test_anybodys_folded_stacks_are_samples_of_one_part(tmp_path: Path) -> None:
    path = tmp_path / "stacks.txt"
    path.write_text("serve;parse 3\n")
    loaded = Recording.load(path)
    assert (loaded.unit, loaded.requests, loaded.profile().total) == ("samples", (1.0,), 3)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", "truncated"),
        ('{"unit":"hours","of":"","requests":[1],"parts":[{}]}', "hours"),
        ('{"unit":"bytes","of":"","requests":[0],"parts":[{}]}', r"requests"),
        ('{"unit":"bytes","of":"","requests":[1,1],"parts":[{}]}', "1 parts with 2 numbers"),
        ('{"unit":"bytes","of":"","requests":[1],"parts":[{"a":-1}]}', "parts"),
    ],
)
def test_what_is_no_recording_is_named(tmp_path: Path, content: str, reason: str) -> None:
    path = tmp_path / "a.profile.json"
    path.write_text(content)
    with pytest.raises(RecordingError, match=f"a.profile.json: .*{reason}"):
        Recording.load(path)


def test_speedscope_gets_every_stack_with_its_weight() -> None:
    profile = Profile("bytes", {("serve", "parse"): 3, ("serve",): 2})
    document = msgspec.json.decode(speedscope.render(profile, "a"))
    names = [frame["name"] for frame in document["shared"]["frames"]]
    [drawn] = document["profiles"]
    stacks = {
        tuple(names[place] for place in sample): weight
        for sample, weight in zip(drawn["samples"], drawn["weights"], strict=True)
    }
    assert stacks == profile.stacks
    assert (drawn["unit"], drawn["endValue"]) == ("bytes", 5)

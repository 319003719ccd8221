from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import pytest

from loadtests._planning import _plan
from loadtests._running._settings import BadSettingError, Settings, add_options, record_path, settings_of


class Parser(argparse.ArgumentParser):
    """Takes Locust's extra keywords, and keeps what its web form would offer."""

    def __init__(self) -> None:
        self.form: dict[str, object] = {}
        super().__init__()

    def add_argument(
        self, *names: str, env_var: str = "", include_in_web_ui: bool = True, **keywords: Any
    ) -> argparse.Action:
        if include_in_web_ui:
            self.form[names[0]] = keywords.get("choices")
        return super().add_argument(*names, **keywords)


def parsed(*arguments: str) -> argparse.Namespace:
    parser = Parser()
    add_options(parser)
    return parser.parse_args(arguments)


def test_the_web_form_offers_every_plan_and_shows_no_key() -> None:
    parser = Parser()
    add_options(parser)
    assert parser.form["--plan"] == ["", *_plan.names()]
    assert "--api-key" not in parser.form


def test_a_plan_is_scaled_and_its_seed_holds_unless_another_is_given() -> None:
    gate = _plan.load("gate")
    settings = settings_of(parsed("--plan", "gate", "--time-scale", "0.5", "--rate-scale", "2"))
    assert settings.plan == gate.scaled(time=0.5, rate=2.0)
    assert settings.seed == gate.seed
    assert settings_of(parsed("--plan", "gate", "--seed", "99")).seed == 99


def test_the_web_forms_texts_mean_what_the_command_lines_values_mean() -> None:
    options = parsed()
    assert settings_of(options) == Settings(plan=None, seed=1, user_rate=1.0, record=".loadstone/runs/")
    for name, text in {"plan": "smoke", "seed": "5", "time_scale": "2", "rate_scale": "", "run_record": "x"}.items():
        setattr(options, name, text)
    assert settings_of(options) == Settings(
        plan=_plan.load("smoke").scaled(time=2.0), seed=5, user_rate=1.0, record="x"
    )


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("rate_scale", "0", "--rate-scale: expected `float` >= 1e-06"),
        ("time_scale", "inf", "--time-scale: expected `float` <= 1000000.0"),
        ("user_rate", "inf", "--user-rate: expected `float` <= 1000000.0"),
        ("seed", str(10**30), "--seed: expected `int` <= 9007199254740992"),
        ("time_scale", "soon", "--time-scale: expected `float`, got `str`"),
        ("seed", "x", "--seed: expected `int | null`, got `str`"),
        ("api_key", "two words", "--api-key: expected `str` matching regex"),
    ],
)
def test_an_unusable_value_is_named(name: str, text: str, reason: str) -> None:
    options = parsed()
    setattr(options, name, text)
    with pytest.raises(BadSettingError, match=reason.replace("|", r"\|")):
        settings_of(options)


def duel_plan(tmp_path: Path) -> str:
    """A plan with a stage that belongs to one side."""
    path = tmp_path / "torn.toml"
    stages = '[[stages]]\nname = "block"\nseconds = 5\nrate = 20\nside = "base"\n'
    path.write_text(f'description = "d"\n{stages}[mix]\ncomments = 1\n')
    return str(path)


def test_a_duel_has_a_base_and_knows_whose_processes_are_measured(tmp_path: Path) -> None:
    given = ("--plan", duel_plan(tmp_path), "--base", "http://127.0.0.1:80/", "--base-pid", "7", "--head-pid", "8")
    settings = settings_of(parsed(*given))
    assert settings.base == "http://127.0.0.1:80"
    assert settings.processes == {"base": 7, "head": 8}
    assert settings_of(parsed(*given[:4], "--head-pid", "8")).processes == {"head": 8}


def test_what_makes_sense_in_a_duel_alone_is_refused_without_one(tmp_path: Path) -> None:
    refused = {
        ("--plan", duel_plan(tmp_path)): "plan 'torn' has stages for one side of a duel, and there is no --base",
        ("--head-pid", "7"): "--head-pid is for duels, and there is no --base",
        ("--base", "nowhere"): "--base: the target 'nowhere' is no http:// or https:// address",
        ("--base", "http://x", "--base-pid", "0"): "--base-pid: expected `int` >= 1",
    }
    for arguments, reason in refused.items():
        with pytest.raises(BadSettingError) as raised:
            settings_of(parsed(*arguments))
        assert str(raised.value) == reason


def test_an_unknown_plan_ends_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parsed("--plan", "gaet")
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert "there is no plan 'gaet'; there are batch-upload, batches, cold-cache, duel, gate, heavy, images, " in said


def test_a_record_goes_to_its_file_or_into_its_folder(tmp_path: Path) -> None:
    moment = "2024-06-01T10:00:00Z"
    assert record_path("a/run.jsonl", plan="gate", started_at=moment) == Path("a/run.jsonl")
    for folder in (f"{tmp_path}/new/", str(tmp_path)):
        names = {record_path(folder, plan="gate", started_at=moment).name for _ in range(2)}
        assert len(names) == 2
        assert all(name.startswith("20240601T100000Z-gate-") and name.endswith(".jsonl") for name in names)

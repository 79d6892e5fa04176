"""Settings, rhythms and beats are parsed correctly or refused in one line, whatever they contain."""

import json
from dataclasses import dataclass

import pytest
from guards import check_known_case, refusal, time_limit
from hypothesis import given
from hypothesis import strategies as st
from strategies import damaged, edited, words

from diffecg.composition.language import BEAT_LABELS, MAX_BEATS, PATTERNS, parse_rhythm
from diffecg.composition.timing import Rhythm
from diffecg.config.io import read_config, to_json, with_settings
from diffecg.config.presets import PRESETS, preset
from diffecg.datasets.rhythm import format_beats, parse_beats
from diffecg.files import read_json

json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["name", "labels", "window", "network", "kind", "training"]), inner, max_size=3
        ),
    ),
    max_leaves=8,
)
CONFIGS = [to_json(config) for config in PRESETS.values()]


@given(
    data=st.one_of(
        edited(CONFIGS).map(lambda text: text.encode(errors="replace")),
        json_values.map(lambda value: json.dumps(value).encode()),
        damaged([text.encode() for text in CONFIGS]),
    )
)
@time_limit()
def test_config_files_are_read_or_refused(tmp_path, data):
    path = tmp_path / "config.json"
    path.write_bytes(data)
    refusal(read_json, path)
    _, config = refusal(read_config, path)
    if config is not None:
        path.write_text(to_json(config))
        assert read_config(path) == config


def leaves(tree, prefix=""):
    """Return all settings of a config by their dotted names."""
    settings = {}
    for key, value in tree.items():
        settings |= leaves(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
    return settings


setting_names = st.one_of(
    st.sampled_from(
        [*leaves(json.loads(CONFIGS[0])), "network.attention", "window", "network", ".", "", "a.b.c"]
    ),
    words,
)
valid_settings = st.sampled_from(
    [f"{name}={json.dumps(value)}" for text in CONFIGS for name, value in leaves(json.loads(text)).items()]
)
setting_texts = st.builds(
    lambda name, mark, text: f"{name}{mark}{text}",
    setting_names,
    st.sampled_from(["=", "=", "=", "", "=="]),
    st.one_of(
        words, json_values.map(json.dumps), st.sampled_from(["unet", "dense", "[1,2]", "[" * 9999, "{}"])
    ),
)


@given(name=st.sampled_from(sorted(PRESETS)), settings=st.lists(setting_texts | valid_settings, max_size=2))
@time_limit()
def test_settings_of_the_command_line_are_parsed_or_refused(tmp_path, name, settings):
    _, config = refusal(with_settings, preset(name), settings)
    if config is not None:
        (tmp_path / "config.json").write_text(to_json(config))
        assert read_config(tmp_path / "config.json") == config


@dataclass(frozen=True)
class Phrase:
    """A text of the rhythm language with its number of beats, and the beats unless they are too many."""

    text: str
    count: int
    beats: str


def repeated(phrase, times):
    count = phrase.count * times
    return Phrase(f"({phrase.text})*{times}", count, phrase.beats * times if count <= MAX_BEATS else "")


def join(phrases):
    count = sum(phrase.count for phrase in phrases)
    beats = "".join(phrase.beats for phrase in phrases) if count <= MAX_BEATS else ""
    return Phrase(" ".join(phrase.text for phrase in phrases), count, beats)


def salvo(beats):
    return Phrase(f"salvo of {beats}", beats, "V" * beats)


def atrial(phrase):
    return Phrase(f"atrial {phrase.text}", phrase.count, phrase.beats.replace("V", "S"))


named = st.sampled_from([Phrase(name, len(beats), beats) for name, beats in PATTERNS.items()])
salvos = st.integers(1, 9).map(salvo)
single = st.one_of(
    st.sampled_from([Phrase(label, 1, label) for label in BEAT_LABELS]),
    named,
    salvos,
    st.one_of(named, salvos).map(atrial),
)
phrases = st.recursive(
    single,
    lambda inner: st.one_of(
        st.builds(repeated, inner, st.one_of(st.integers(1, 6), st.integers(1, 100_000))),
        st.lists(inner, min_size=1, max_size=4).map(join),
    ),
    max_leaves=10,
)


@given(phrase=phrases)
@time_limit()
def test_a_rhythm_has_the_beats_of_its_phrases(phrase):
    message, beats = refusal(parse_rhythm, phrase.text)
    if phrase.count > MAX_BEATS:
        assert "more than 100,000 beats" in message
    else:
        assert "".join(beats) == phrase.beats


rhythm_words = st.sampled_from([*BEAT_LABELS, *PATTERNS, "atrial", "salvo", "of"]) | st.sampled_from(
    ["(", ")", "*", "*3", "*9999", "0", "5", "999999999", "X", "like:", "٣", "\n"]
)


@given(
    text=st.one_of(
        st.lists(rhythm_words, max_size=12).map(" ".join),
        st.text("NSVF()* 0123456789\n", max_size=40),
        edited(["N*8 V N*12 S N*6", "(N*3 V)*10 N*20", "atrial salvo of 3 F", "like:208"]),
    )
)
@time_limit()
def test_texts_of_rhythms_are_parsed_or_refused(text):
    _, beats = refusal(parse_rhythm, text)
    assert beats is None or (set(beats) <= set(BEAT_LABELS) and 0 < len(beats) <= MAX_BEATS)
    refusal(Rhythm(text).beats, 2.0)


@given(
    beats=st.one_of(
        st.lists(st.tuples(st.integers(0, 999), st.sampled_from(BEAT_LABELS)), max_size=5),
        edited(["12:N 95:V", "0.5:N 1.3:V"]),
    )
)
@time_limit()
def test_texts_of_beats_are_parsed_or_refused(beats):
    if isinstance(beats, list):
        assert parse_beats(format_beats(beats)) == beats
    else:
        refusal(parse_beats, beats)


KNOWN_CASES = {
    "nested brackets": (lambda _: with_settings(preset("beat"), ["labels=" + "[" * 99_999]), "labels"),
    "5000 digits": (
        lambda _: with_settings(preset("beat"), ["training.seed=" + "9" * 5000]),
        "training.seed",
    ),
    "a text that is not of beats": (lambda _: parse_beats("12:N:V x"), "not of the form"),
    "repetitions of repetitions": (lambda _: parse_rhythm("((N*9999)*9999)*9999"), "more than 100,000 beats"),
}


@pytest.mark.parametrize(("act", "message"), KNOWN_CASES.values(), ids=KNOWN_CASES)
def test_known_cases(tmp_path, act, message):
    check_known_case(act, tmp_path, message)

"""Settings, rhythms and beats are read right or refused in one line, whatever they hold."""

import json
from dataclasses import dataclass

from fuzzing import changed, fuzz, harmed, long_run, mended, refused, short_run, words
from hypothesis import strategies as st

from diffecg.composition.language import BEAT_LABELS, MOST_BEATS, NAMES, parse_rhythm
from diffecg.composition.timing import Rhythm
from diffecg.config.io import read_config, to_json, with_settings
from diffecg.config.presets import PRESETS, preset
from diffecg.datasets.rhythm import format_beats, parse_beats
from diffecg.files import read_json
from diffecg.inference.parsing import parse_times

# ---- configuration ----

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


@fuzz(
    st.one_of(
        changed(CONFIGS).map(lambda text: text.encode(errors="replace")),
        json_values.map(lambda value: json.dumps(value).encode()),
        harmed([text.encode() for text in CONFIGS]),
    ),
    long=6_000,
)
def configurations(folder, data):
    path = folder / "config.json"
    path.write_bytes(data)
    refused(read_json, path)
    _, config = refused(read_config, path)
    if config is not None:
        path.write_text(to_json(config))
        assert read_config(path) == config


def leaves(tree, prefix=""):
    """Return all settings by name."""
    found = {}
    for key, value in tree.items():
        found |= leaves(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
    return found


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


@fuzz(
    st.tuples(st.sampled_from(sorted(PRESETS)), st.lists(setting_texts | valid_settings, max_size=2)),
    long=8_000,
)
def settings_of_the_command_line(folder, case):
    name, given_settings = case
    _, config = refused(with_settings, preset(name), given_settings)
    if config is not None:
        (folder / "config.json").write_text(to_json(config))
        assert read_config(folder / "config.json") == config


# ---- rhythms ----


@dataclass(frozen=True)
class Phrase:
    """A text of the language and, counted beside it, its beats; none are listed where they are too many."""

    text: str
    count: int
    beats: str


def repeated(phrase, times):
    count = phrase.count * times
    return Phrase(f"({phrase.text})*{times}", count, phrase.beats * times if count <= MOST_BEATS else "")


def together(phrases):
    count = sum(phrase.count for phrase in phrases)
    beats = "".join(phrase.beats for phrase in phrases) if count <= MOST_BEATS else ""
    return Phrase(" ".join(phrase.text for phrase in phrases), count, beats)


def salvo(beats):
    return Phrase(f"salvo of {beats}", beats, "V" * beats)


def atrial(phrase):
    return Phrase(f"atrial {phrase.text}", phrase.count, phrase.beats.replace("V", "S"))


named = st.sampled_from([Phrase(name, len(beats), beats) for name, beats in NAMES.items()])
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
        st.lists(inner, min_size=1, max_size=4).map(together),
    ),
    max_leaves=10,
)


@fuzz(phrases, long=14_000)
def rhythms_have_their_beats(folder, phrase):
    why, beats = refused(parse_rhythm, phrase.text)
    if phrase.count > MOST_BEATS:
        assert "more than 100,000 beats" in why
    else:
        assert "".join(beats) == phrase.beats


rhythm_words = st.sampled_from([*BEAT_LABELS, *NAMES, "atrial", "salvo", "of"]) | st.sampled_from(
    ["(", ")", "*", "*3", "*9999", "0", "5", "999999999", "X", "like:", "٣", "\n"]
)


@fuzz(
    st.one_of(
        st.lists(rhythm_words, max_size=12).map(" ".join),
        st.text("NSVF()* 0123456789\n", max_size=40),
        changed(["N*8 V N*12 S N*6", "(N*3 V)*10 N*20", "atrial salvo of 3 F", "like:208"]),
    ),
    long=14_000,
)
def texts_of_rhythms(folder, text):
    _, beats = refused(parse_rhythm, text)
    assert beats is None or (set(beats) <= set(BEAT_LABELS) and 0 < len(beats) <= MOST_BEATS)
    refused(Rhythm(text).beats, 2.0)


@fuzz(
    st.one_of(
        st.lists(st.tuples(st.integers(0, 999), st.sampled_from(BEAT_LABELS)), max_size=5),
        changed(["12:N 95:V", "0.5:N 1.3:V"]),
    ),
    long=4_000,
)
def texts_of_beats(folder, beats):
    if isinstance(beats, list):
        assert parse_beats(format_beats(beats)) == beats
        assert parse_times(format_beats(beats)) == beats
    else:
        refused(parse_beats, beats)
        refused(parse_times, beats)


# ---- what was found once ----

FOUND = {
    "brackets": (lambda _: with_settings(preset("beat"), ["labels=" + "[" * 99_999]), "labels"),
    "digits": (lambda _: with_settings(preset("beat"), ["training.seed=" + "9" * 5000]), "training.seed"),
    "no beats": (lambda _: parse_beats("12:N:V x"), "not of the form"),
    "a bomb": (lambda _: parse_rhythm("((N*9999)*9999)*9999"), "more than 100,000 beats"),
}

test_what_users_bring_is_read_or_refused = short_run(__name__)
test_much_of_what_users_bring_is_read_or_refused = long_run(__name__)
test_what_was_found_is_mended = mended(FOUND)

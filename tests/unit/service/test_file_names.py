"""Names of uploaded files, and the words of their errors."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffecg.errors import DiffecgError
from diffecg.service.file_names import MAX_NAME, UploadedFile, clean_name, name_upload, suffix_of
from diffecg.service.wording import reword


@given(st.text(st.characters(), max_size=300))
def test_a_cleaned_name_is_a_plain_file_name(tmp_path_factory, name):
    cleaned = clean_name(name)
    assert len(cleaned) <= MAX_NAME
    assert not set(cleaned) & set('/\\:*?"<>|\x00\n')
    assert not cleaned.startswith(".")
    cleaned.encode()
    assert clean_name(cleaned) == cleaned


@given(st.text(max_size=60), st.sampled_from([".csv", ".edf", ".csv.gz", ".parquet", ""]))
def test_a_single_file_is_stored_under_a_name_of_ours(stem, suffix):
    named = name_upload([UploadedFile(name=f"a{stem}{suffix}", content=b"x")])
    assert len(named.files) == 1
    assert named.main in named.files
    assert named.main.startswith("recording")
    assert named.title


@pytest.mark.parametrize(
    ("name", "suffix"),
    [
        ("a.b.csv", ".csv"),
        ("A.CSV.GZ", ".csv.gz"),
        ("x", ""),
        ("x.verylongsuffix", ""),
        ("a.tar.gz", ".tar.gz"),
    ],
)
def test_the_suffix_selects_the_format(name, suffix):
    assert suffix_of(name) == suffix


def header(*lines):
    return UploadedFile(name="x.hea", content="\n".join(lines).encode())


def test_files_that_do_not_belong_together_are_refused():
    dat = UploadedFile(name="other.dat", content=b"")
    rest = "16 200 16 0 0 0 0 MLII"
    assert set(name_upload([header("100 1 360 10", f"100.dat {rest}"), dat]).files) == {"100.hea", "100.dat"}
    for files in (
        [],
        [dat],
        [dat, UploadedFile(name="a.csv", content=b"")],
        [header("../up 1 360 10", f"up.dat {rest}")],
        [header("100 1 360 10", f"../../etc/passwd {rest}"), dat],
        [header("100 1 360 10", f"100.dat {rest}"), dat, dat],
        [header("")],
    ):
        with pytest.raises(DiffecgError):
            name_upload(files)


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("x.csv has neither a time column nor a sampling rate; give the rate in Hz with --fs", "fs_hz"),
        ("x.mat states no sampling rate; give it in Hz with --fs (CinC 2017: 300)", "fs_hz"),
        (
            "signal_mv holds whole numbers from 0 to 900; give their unit with --unit uV, or convert them",
            "unit",
        ),
        ("channel V of recording x is in 'NU'; state its unit with --unit V=mV, or choose a channel", "unit"),
        (
            "no samples to impute; give gaps with --gap start:stop, in seconds, or detect with --detect flat",
            "gaps",
        ),
        (
            "the gap is longer than --max-gap 10 (s), and nothing is imputed: raise --max-gap to impute it",
            "max_gap_s",
        ),
        ("unknown lead aVR", None),
    ],
)
def test_messages_lose_the_flags_of_the_command_line(text, field):
    message = reword(text)
    assert "--" not in message.text
    assert message.field == field

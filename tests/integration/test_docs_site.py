"""What the site of the documentation makes of code: the page of commands, formulas, docstrings."""

import base64
import hashlib
import json
import re
import runpy
from html import unescape
from xml.etree import ElementTree

import pytest
from docs_blocks import ROOT, commands
from onnx import helper, save_model

from diffecg.cli.app import app

SITE = ROOT / "tools" / "site"
CONFIG = (ROOT / "mkdocs.yml").read_text()


@pytest.fixture(scope="module")
def commands_help():
    return runpy.run_path(str(SITE / "generated_pages.py"))["commands_help"]()


def test_the_page_of_commands_has_all_of_them(commands_help):
    headings = set(re.findall(r"(?m)^##+ (diffecg .+)$", commands_help))
    names = {f"diffecg {name}" for name in app if not name.startswith("-")}
    assert names <= headings
    assert {"diffecg bulk prepare", "diffecg bulk generate", "diffecg bulk compose"} <= headings


def test_the_examples_of_the_commands_are_valid(commands_help):
    examples = [
        words for text in re.findall(r"(?s)```sh\n(.*?)```", commands_help) for words in commands(text)
    ]
    assert len(examples) > 30
    for words in examples:
        assert words[0] == "diffecg", words
        piped = words.index(">") if ">" in words else len(words)
        app.parse_args(words[1:piped], exit_on_error=False, print_error=False)


def test_formulas_become_mathml():
    convert = runpy.run_path(str(SITE / "formulas.py"))["on_page_content"]
    html = convert(r'<p>with <span class="arithmatex">\(a &lt; \sigma^2\)</span></p>')
    formula = ElementTree.fromstring(re.search(r"<math.*</math>", html)[0])
    assert "".join(formula.itertext()) == "a<σ2"
    assert 'display="block"' in convert('<div class="arithmatex">\\[\nx_0\n\\]</div>')


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (":meth:`diffecg.Model.generate` and :class:`Windows`", "[`diffecg.Model.generate`][] and `Windows`"),
        ("Do it.\n\n>>> 1 + 1\n2\n\nArgs:", "Do it.\n\n```pycon\n>>> 1 + 1\n2\n```\n\nArgs:"),
        ("Do it.\n\nExample:\n    >>> 1 + 1\n    2", "Do it.\n\nExamples:\n    >>> 1 + 1\n    2"),
        ("a factor :math:`c_0` of ``x``", "a factor $c_0$ of `x`"),
        ("Then\n\n.. math::\n    a &= b\n\nholds", "Then\n\n$$a &= b$$\n\nholds"),
    ],
)
def test_roles_of_docstrings_become_markdown(text, shown):
    convert = runpy.run_path(str(SITE / "docstrings.py"))["to_markdown"]
    assert convert(text) == shown.replace("][]", "][diffecg.Model.generate]")


def test_pages_of_the_navigation_exist_and_pages_are_in_it():
    listed = set(re.findall(r"(?m): ([\w/-]+\.md)$", CONFIG))
    made = runpy.run_path(str(SITE / "generated_pages.py"))
    generated = set(made["ROOT_PAGES"].values())
    written = {str(path.relative_to(ROOT / "docs")) for path in (ROOT / "docs").rglob("*.md")}
    assert listed - generated <= written
    assert written <= listed


def test_numbers_stay_with_their_units():
    keep_together = runpy.run_path(str(SITE / "tables_and_pictures.py"))["keep_together"]
    joined = keep_together("<td>0.5 ± 0.1 mV, p = 0.01, 90 % of 3 draws in 5 s</td>")
    assert joined.replace("\xa0", "_") == "<td>0.5_±_0.1_mV, p_=_0.01, 90_% of 3 draws in 5_s</td>"


def test_pictures_open_in_full_size_and_wide_ones_scroll_on_phones():
    linked = runpy.run_path(str(SITE / "tables_and_pictures.py"))["linked"]
    wide = linked("<img>", "../../images/denoised.png", "how-to/denoise/")
    assert wide == '<a class="picture wide" href="../../images/denoised.png"><img></a>'
    assert 'class="picture"' in linked("<img>", "../images/sheets-mi.png", "how-to/")


def test_gallery_and_reference_link_to_each_other():
    examples_of = runpy.run_path(str(SITE / "docstrings.py"))["examples_of"]
    assert "[Impute a gap with its prediction interval][example-impute_gap]" in examples_of("load_imputer")
    assert examples_of("no_such_function") == ""
    reference_links = runpy.run_path(str(SITE / "generated_pages.py"))["reference_links"]
    links = reference_links((ROOT / "docs" / "gallery" / "impute_gap.md").read_text())
    assert "[`diffecg.load_imputer`][diffecg.load_imputer]" in links


def test_examples_can_be_downloaded():
    copy_on_site = runpy.run_path(str(SITE / "generated_pages.py"))["copy_on_site"]
    assert copy_on_site("examples/notebooks/denoise.ipynb") == "gallery/downloads/denoise.ipynb"
    assert copy_on_site("src/diffecg/errors.py") == ""


def test_the_site_loads_nothing_from_other_hosts():
    assert "font: false" in CONFIG
    assert not re.search(r"https?://\S+\.(js|css|woff)", CONFIG)


def test_the_form_of_the_front_page_knows_the_model(tmp_path):
    made = runpy.run_path(str(SITE / "beat_generator.py"))
    model = helper.make_model(helper.make_graph([], "empty", [], []))
    about = {"name": "beat", "labels": '["N", "F"]', "leads": '["MLII"]', "fs_hz": "360.0"}
    helper.set_model_props(model, about)
    path = tmp_path / "beat.onnx"
    save_model(model, path)
    html = made["form"](path)
    assert re.findall(r"<option value=.(\w)", html) == ["N", "F"]
    stated = json.loads(unescape(re.search(r'data-model="([^"]+)"', html)[1]))
    assert (stated["labels"], stated["lead"], stated["fs_hz"]) == (["N", "F"], "MLII", 360.0)
    digest = base64.b64encode(hashlib.sha384(path.read_bytes()).digest()).decode()
    assert stated["file"]["sha384"] == digest
    assert stated["file"]["bytes"] == path.stat().st_size
    assert stated["file"]["url"].startswith(made["FILE"])
    assert made["PLACE"] in (ROOT / "docs" / "index.md").read_text()

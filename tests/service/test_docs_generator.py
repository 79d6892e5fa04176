"""The generator of heartbeats on the front page of the documentation, with onnxruntime-web in a browser."""

import re
import shutil
from urllib.parse import urlsplit
from urllib.request import urlopen

import numpy as np
import onnxruntime
import pytest
from docs_blocks import ROOT, blocks, commands
from helpers import peak_width
from pages import violations
from scipy import stats
from sites import redirect, serving_files, unpack_npm

import diffecg
from diffecg.cli.app import app

pytestmark = pytest.mark.studio
RUNTIME = (ROOT / "docs/javascripts/generator/runtime.js").read_text()
CDN = r"https://cdn\.jsdelivr\.net/"
PACKAGE = re.search(rf'"{CDN}npm/(onnxruntime-web@[\d.]+)/dist/"', RUNTIME)[1]
FILES = re.findall(r"\$\{FOLDER\}([\w.-]+)", RUNTIME)
MODEL = "mitbih-beat-fast.onnx"
FORM = "#beat-generator"
LABELS = ("N", "S", "V", "F")
KNOWN_ANSWERS = [
    ([0] * 4, [0] * 2, "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ([0xFFFFFFFF] * 4, [0xFFFFFFFF] * 2, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    (
        [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
        [0xA4093822, 0x299F31D0],
        "d16cfe09 94fdcceb 5001e420 24126ea1",
    ),
]
"""Counters, keys and words of the authors of Philox4x32-10 (Random123, kat_vectors)."""


@pytest.fixture(scope="module")
def cdn(browser, tmp_path_factory):
    """The address of a copy of onnxruntime-web."""
    folder = tmp_path_factory.mktemp("onnxruntime-web")
    unpack_npm(PACKAGE, (*FILES, "ort-wasm-simd-threaded.mjs"), folder)
    with serving_files(folder) as address:
        yield address


@pytest.fixture
def front(browser, site):
    """The front page, on which nothing raises an error."""
    page = browser.new_page(viewport={"width": 1440, "height": 900}, color_scheme="dark")
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(site)
    yield page
    assert not errors
    page.close()


def press(page):
    """Press the button, and wait for beats or a failure."""
    page.get_by_role("button", name="Generate").click()
    page.wait_for_selector(f"{FORM} [data-part=generate][aria-disabled=false]")


def loaded(page):
    """Return the names of the files of the model and of ONNX Runtime that a page has loaded."""
    urls = page.evaluate("performance.getEntriesByType('resource').map((entry) => entry.name)")
    return {name for url in urls if (name := urlsplit(url).path.rsplit("/", 1)[-1]) in (MODEL, *FILES)}


def saved(page, path):
    """Download the CSV file; return what diffecg reads from it."""
    with page.expect_download() as download:
        page.get_by_role("button", name="Download CSV").click()
    download.value.save_as(path)
    return diffecg.open_windows(path), download.value.suggested_filename


def megabytes(site, cdn):
    """Return the size of the files that the first press loads."""
    urls = [f"{site}models/{MODEL}", *(cdn + name for name in FILES)]
    return sum(int(urlopen(url).headers["Content-Length"]) for url in urls) / 1e6


def words(seed, count, use):
    """Return words of Philox4x32-10, for the counters (0, use, 0, 0), (1, use, 0, 0), …, with NumPy."""
    a = np.arange(count, dtype=np.uint64)
    b, c, d = np.full_like(a, use), np.zeros_like(a), np.zeros_like(a)
    low, half = np.uint64(0xFFFFFFFF), np.uint64(32)
    for i in range(10):
        keys = [np.uint64((seed + i * 0x9E3779B9) % 2**32), np.uint64(i * 0xBB67AE85 % 2**32)]
        left, right = a * np.uint64(0xD2511F53), c * np.uint64(0xCD9E8D57)
        a, b, c, d = right >> half ^ b ^ keys[0], right & low, left >> half ^ d ^ keys[1], left & low
    return np.stack([a, b, c, d], axis=1).astype(np.float64)


def normals(seed, count):
    """Return the noise of a seed, by the method of Box and Muller."""
    pairs = words(seed, -(-count // 4), 0).reshape(-1, 2)
    radius, angle = np.sqrt(-2 * np.log((pairs[:, 0] + 1) / 2**32)), 2 * np.pi * pairs[:, 1] / 2**32
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1).ravel()[:count]


def by_python(site, label, seeds):
    """Return the beats of the model on the site, by ONNX Runtime in Python."""
    with urlopen(f"{site}models/{MODEL}") as file:
        session = onnxruntime.InferenceSession(file.read())
    shape = session.get_inputs()[-1].shape[1:]
    inputs = {
        "labels": np.tile(np.array([label == one for one in LABELS], np.float32), (len(seeds), 1)),
        "chance": np.array([words(seed, 1, 1)[0, 0] / 2**32 for seed in seeds]),
        "noise": np.array([normals(seed, np.prod(shape)).reshape(shape) for seed in seeds], np.float32),
    }
    return session.run(["signal_mv"], inputs)[0]


def test_random_numbers_are_those_of_the_authors_and_normal(front):
    module = "await import('./javascripts/generator/random.js')"
    script = f"async ([name, ...values]) => Array.from(({module})[name](...values))"
    for counter, key, expected in KNOWN_ANSWERS:
        found = front.evaluate(script, ["philox", counter, key])
        assert " ".join(f"{word:08x}" for word in found) == expected
    numbers = np.array([front.evaluate(script, ["normals", seed, 5001]) for seed in (0, 1)])
    assert numbers == pytest.approx(np.array([normals(seed, 5001) for seed in (0, 1)]), abs=1e-6)
    assert stats.kstest(numbers.ravel(), "norm").pvalue > 0.01
    assert abs(np.corrcoef(numbers)[0, 1]) < 4 / np.sqrt(5001)


def test_beats_are_those_of_onnx_runtime_in_python(front, site, cdn, tmp_path):
    redirect(front, CDN, cdn)
    assert f"loads {megabytes(site, cdn):.1f} MB" in front.locator(FORM).inner_text()
    front.get_by_role("combobox", name="Class").select_option("V (ventricular)")
    front.get_by_label("Beats").fill("24")
    front.get_by_label("First seed").fill("3")
    assert not loaded(front), "nothing before the first press"
    front.get_by_label("First seed").press("Enter")
    front.wait_for_selector(f"{FORM} figure")
    assert loaded(front) == {MODEL, *FILES}
    assert re.fullmatch(r"24 beats of class V in \d+\.\d\d s\.", front.get_by_role("status").inner_text())
    assert front.get_by_role("img", name="Synthetic beat of class V, seed 26").count() == 1
    wide, name = saved(front, tmp_path / "wide.csv")
    assert name == "synthetic-V-seeds-3-to-26.csv"
    assert list(wide.index["label"]) == ["V"] * 24
    assert list(wide.index["seed"]) == list(range(3, 27))
    assert (wide.fs_hz, wide.channel_names) == (360.0, ("MLII",))
    assert np.abs(wide.signal_mv - by_python(site, "V", range(3, 27))).max() < 1e-3

    front.get_by_role("combobox", name="Class").select_option("N (normal)")
    press(front)
    normal, _ = saved(front, tmp_path / "normal.csv")
    assert np.median(peak_width(wide.signal_mv[:, 0])) > 1.4 * np.median(peak_width(normal.signal_mv[:, 0]))

    assert not violations(front)
    front.emulate_media(color_scheme="light")
    front.set_viewport_size({"width": 390, "height": 844})
    assert not violations(front)
    assert front.evaluate("document.documentElement.scrollWidth") <= 390


def test_failures_say_what_to_do_and_a_second_press_tries_again(front, cdn):
    front.route(re.compile(CDN), lambda route: route.abort())
    press(front)
    alert = front.get_by_role("alert")
    assert re.search(rf"{CDN}\S+ could not be loaded \(Failed to fetch\)", alert.inner_text())
    (install, generate) = commands(alert.locator("code").inner_text())
    assert install == ["pip", "install", "."]
    app.parse_args(generate[1:], exit_on_error=False, print_error=False)
    front.set_viewport_size({"width": 390, "height": 844})
    assert front.evaluate("document.documentElement.scrollWidth") <= 390
    assert not violations(front)

    front.unroute_all()
    front.route(
        re.compile(CDN), lambda route: route.fulfill(body="export {}", content_type="text/javascript")
    )
    press(front)
    assert "has another content than expected" in alert.inner_text()

    front.unroute_all()
    redirect(front, CDN, cdn)
    front.get_by_label("Beats").fill("1")
    press(front)
    assert alert.is_hidden()
    assert front.locator(f"{FORM} figure").count() == 1


def test_a_browser_without_webassembly_is_named(front):
    front.evaluate("delete globalThis.WebAssembly")
    press(front)
    assert "this browser has no WebAssembly" in front.get_by_role("alert").inner_text()


def is_log(message):
    return message.type == "log"


def test_the_lines_of_the_guide_generate_a_beat(browser, cdn, tmp_path):
    ((code, _, _),) = blocks(ROOT / "docs/how-to/onnx.md", "js")
    assert f"npm/{PACKAGE}/dist/" in code
    (tmp_path / "index.html").write_text(f'<script type="module">{code}</script>')
    shutil.copy(next((ROOT / ".cache").glob("mitbih-beat-fast-*.onnx")), tmp_path / "beat.onnx")
    page = browser.new_page()
    redirect(page, CDN, cdn)
    with serving_files(tmp_path) as address, page.expect_console_message(is_log) as message:
        page.goto(address)
    assert message.value.args[0].json_value() == [1, 1, 256]
    page.close()

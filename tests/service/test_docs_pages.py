"""Pages of the documentation in a browser: they fit, are accessible, and load nothing from other hosts."""

import pytest
from pages import violations

pytestmark = pytest.mark.studio
PAGES = (
    "",
    "gallery/",
    "gallery/impute_gap/",
    "how-to/studio/",
    "reference/commands/",
    "benchmarks/",
    "explanation/model/",
)


@pytest.mark.parametrize(("scheme", "width"), [("light", 390), ("dark", 1440)])
def test_pages_fit_and_are_accessible(browser, site, scheme, width):
    context = browser.new_context(
        viewport={"width": width, "height": 844}, color_scheme=scheme, has_touch=width < 500
    )
    page = context.new_page()
    errors, urls = [], []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda request: urls.append(request.url))
    for path in PAGES:
        page.goto(site + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert page.evaluate("[...document.images].every((image) => image.naturalWidth > 0)"), path
        assert not violations(page), path
    assert not errors
    assert all(url.startswith((site, "data:")) for url in urls), "nothing of other hosts"
    context.close()

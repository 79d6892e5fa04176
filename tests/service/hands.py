"""How a user works a page: by mouse, or by keyboard alone."""

MOST_STOPS = 200
"""Number of Tab keys after which an element counts as out of reach."""


class Mouse:
    """Points and clicks."""

    def __init__(self, page):
        self.page = page

    def press(self, target):
        """Press a button, follow a link, tick a box."""
        target.click()

    def fill(self, target, text):
        """Replace the text of a field."""
        target.fill(text)

    def choose(self, target, value):
        """Choose an option of a list by its value."""
        target.select_option(value)

    def attach(self, target, *paths):
        """Choose files."""
        target.set_input_files([str(path) for path in paths])

    def download(self, target):
        """Follow a link to a file; return the name and the content of the file."""
        with self.page.expect_download() as found:
            self.press(target)
        return found.value.suggested_filename, found.value.path().read_bytes()


class Keyboard(Mouse):
    """Uses keys only: Tab to reach an element, and those of the element."""

    def __init__(self, page):
        super().__init__(page)
        page.on("filechooser", lambda chooser: None)  # choosers are caught for as long as someone listens

    def reach(self, target):
        """Move the focus to an element."""
        target.wait_for()
        for _ in range(MOST_STOPS):
            if target.evaluate("(element) => element === document.activeElement"):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"Tab does not reach {target}")

    def press(self, target):
        self.reach(target)
        self.page.keyboard.press("Space" if target.get_attribute("type") == "checkbox" else "Enter")

    def fill(self, target, text):
        self.reach(target)
        self.page.keyboard.press("Control+a")
        self.page.keyboard.type(text)

    def choose(self, target, value):
        self.reach(target)
        self.page.keyboard.press("Home")
        for _ in range(target.locator("option").count()):
            if target.input_value() == value:
                return
            self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"there is no option {value!r}")

    def attach(self, target, *paths):
        self.reach(target)
        with self.page.expect_file_chooser() as chooser:
            self.page.keyboard.press("Space")
        chooser.value.set_files([str(path) for path in paths])

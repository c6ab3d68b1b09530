"""Write docs/reference anew from the program: `make reference`. What is there must not differ; a test says so."""

from pathlib import Path

from reference_pages import PAGES

FOLDER = Path(__file__).parents[1] / "docs" / "reference"


def main() -> None:
    """Write every page."""
    FOLDER.mkdir(exist_ok=True)
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page(), encoding="utf-8")
        print(FOLDER / name)


if __name__ == "__main__":
    main()

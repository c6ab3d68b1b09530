"""How the page looks and behaves in the browser: system fonts, one blue, one grey, and space."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from eyeful.page.quiet import gr

_SYSTEM = ("system-ui", "-apple-system", "Segoe UI", "sans-serif")
_MONO = ("ui-monospace", "Consolas", "monospace")
_BLUE = (
    "#f1f6f9",
    "#dfebf2",
    "#bfd6e4",
    "#94bbd2",
    "#5f9abb",
    "#3a7fa7",
    "#2a6f97",
    "#235c7d",
    "#1c4a64",
    "#15374b",
    "#0e2533",
)
_GREY = (
    "#f7f8f9",
    "#eef1f3",
    "#dfe4e8",
    "#c5cdd3",
    "#9aa5ac",
    "#6b7780",
    "#525d66",
    "#3d464e",
    "#293037",
    "#1b222a",
    "#12171c",
)


def theme() -> Any:
    """Gradio's default theme in our colours; no font comes from anywhere else."""
    return gr.themes.Default(
        primary_hue=gr.themes.Color(*_BLUE),
        secondary_hue=gr.themes.Color(*_BLUE),
        neutral_hue=gr.themes.Color(*_GREY),
        font=_SYSTEM,
        font_mono=_MONO,
    ).set(
        button_primary_background_fill="#2a6f97",
        button_primary_background_fill_hover="#235c7d",
        button_primary_text_color="#ffffff",
        button_primary_background_fill_dark="#2a6f97",
        block_label_text_color="#3d464e",
        block_info_text_color="#525d66",
        block_title_text_color="#3d464e",
        body_text_color_subdued="#525d66",
        body_text_color_subdued_dark="#b4bec6",
        block_info_text_color_dark="#b4bec6",
        block_label_text_color_dark="#dfe4e8",
    )


def css() -> str:
    """What the fragments need."""
    return _text("page.css")


def javascript() -> str:
    """What the browser does by itself: images that are pasted or dropped, code to copy, the live camera."""
    return f"() => {{\n{_text('page.js')}{_text('live.js')}}}"


def _text(name: str) -> str:
    return (files("eyeful.page") / "templates" / name).read_text(encoding="utf-8")


def fragment(value: str = "", elem_id: str | None = None) -> Any:
    """A place for a fragment of HTML, without the styles that Gradio has for prose."""
    return gr.HTML(value, elem_id=elem_id, apply_default_css=False, js_on_load=None)

"""A command, `eyeful hello [IMAGE]`."""

from typing import Annotated

import typer

from eyeful.cli import options
from eyeful.cli.groups import load_classifier, takes_options


@takes_options
def hello(
    *,
    image: Annotated[
        str | None, typer.Argument(help="An image, or any other source of them.", show_default=False)
    ] = None,
    model: options.ModelOptions,
    engine: options.EngineOptions,
) -> None:
    """Say hello, to what is in an image if there is one."""
    if image is None:
        print("hello, world")
        return
    with load_classifier(model, engine) as classifier:
        predictions = classifier.predict(image)
    for prediction in predictions if isinstance(predictions, list) else [predictions]:
        print(f"hello, {prediction.answer}")

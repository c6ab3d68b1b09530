"""An engine, `--engine example`: torch runs what `torch.export` made of the network, on the CPU in fp32."""

from eyeful.engines import ConvertedFamily, Outputs, ThreadedEngine
from eyeful.errors import ModelError, one_line
from eyeful.extras import require

PROGRAM = "network.pt2"


class ExampleFamily(ConvertedFamily):
    """What eyeful knows before the engine is used. Importing this file imports no framework."""

    name = "example"
    modules = ("torch",)
    tools = ("eyeful-example",)

    def write(self, network, manifest, folder):
        torch = require("torch", "preparing a model for the engine example")
        pixels_NHWC = torch.zeros(2, *manifest.preprocessing.size, 3, dtype=torch.uint8)
        any_number = {0: torch.export.Dim("batch", min=1, max=1024)}
        try:
            program = torch.export.export(network, (pixels_NHWC,), dynamic_shapes=(any_number,))
        except Exception as error:
            raise ModelError(
                f"torch cannot export {manifest.title} ({one_line(error)}): --engine torch"
            ) from error
        torch.export.save(program, folder / PROGRAM)

    def open(self, bundle, device, precision, threads):
        return ExampleEngine(bundle, threads)


FAMILY = ExampleFamily()


class ExampleEngine(ThreadedEngine):
    """One worker thread; `ThreadedEngine` keeps the rest of the contract."""

    name = "example"

    def __init__(self, bundle, threads):
        self._torch = require("torch", "the engine example")
        self._network = self._torch.export.load(bundle.folder / PROGRAM).module()
        self._threads = threads
        super().__init__(workers=1)

    def _enter_worker(self):
        self._torch.set_num_threads(self._threads)

    def _run(self, batch_NHWC):
        with self._torch.inference_mode():
            found = self._network(self._torch.from_numpy(batch_NHWC))
        outputs = found if isinstance(found, tuple | list) else (found,)
        return Outputs(*(output.numpy() for output in outputs))
